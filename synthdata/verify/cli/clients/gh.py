"""What GitHub's gh does not say of itself."""

from synthdata.verify.cli.profile import Profile, split_words

PROFILE = Profile(
    # An unknown word may be an extension or an alias of somebody's. gh itself refuses it, and models invent more commands
    # than they know extensions: it is a problem unless it is known here, or installed or defined in the same answer. Help
    # topics pass too. Extensions whose names a model may well invent (milestone, branch, worktree) are left out.
    defines={
        "alias set": r"([\w-]+(?: [\w-]+)*)",
        **dict.fromkeys(("extension install", "extensions install", "ext install"), r".*/gh-([\w-]+?)(?:\.git)?"),
    },
    nouns=("cli", "actions"),
    hands_on=("repo clone", "repo fork", "gist clone", "codespace ssh", "codespace cp"),
    external=split_words("""
a11y accessibility actions environment exit-codes formatting mintty reference telemetry
act actions-importer ado2gh aw bbs2gh cal classroom clean-branches codeql combine-prs contribs dash eco f gei gr grep
markdown-preview metrics migration-monitor models ost poi prx q repo-collab repo-stats s screensaver skyline stack sub-issue tidy
user-status valet webhook"""),
    hidden_flags=split_words("confirm enable-issues enable-wiki internal private public team yes"),
    hidden_commands=split_words("actions credits garden git-credential version"),
    environment={
        "GH_PROMPT_DISABLED": "1",
        "GH_TELEMETRY": "0",
        "GH_NO_UPDATE_NOTIFIER": "1",
        "HTTPS_PROXY": "http://127.0.0.1:1",
    },
)
