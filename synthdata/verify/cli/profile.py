"""What no client says of itself, and reading its commands needs: the fields that its facts fill."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Profile:
    """Facts of one client, beside its specification.

    grammar: how its words are read (cli/grammar.py), and so how it is crawled.
    programs: other programs that its specification covers, each with the command path it begins at.
    gone: programs that no longer exist, with what took their place.
    successors: deprecated flags, with what to write instead. moved: commands and flags that went elsewhere.
    kinds: what a flag of this name takes where the help says only "string" or "list".
    argument_kinds: what the first argument of a command is.
    inherits: commands that hand their options on to others, whose flags they take too.
    subcommands: names that a usage text gives as words, so that no crawl finds them.
    instead: flags that stand in for arguments.
    alias_prefix: how a word begins that defines an alias (`git config alias.NAME`).
    defines: commands that define names for commands of the client, each with the pattern of the word that does, whose group is
    the name (`gh extension install OWNER/gh-NAME`). hands_on: commands that hand on to another program what stands behind `--`.
    broadest: the group whose command is meant where a name that does not stand alone stands in several (`docker prune`).
    by_name: of the commands that start another program, those whose first argument is no image but the name that its user gave.
    late_values: flags of such commands whose letters mean something to many programs, each with the pattern of a value that
    was meant for the client.
    nouns: words that name a thing of the client's where a sentence has them behind its name (`helm chart`).
    external: commands of packages installed apart. newer: names added after the version of the specification, each with the path
    of its command, or a flag alone where every command has it; and values ("install --wait watcher").
    hidden_flags, hidden_commands: names that a crawler tries although no help lists them.
    environment: keeps the client from any server while it is asked. plugin_folder: where it looks for plugins in its home.
    """

    grammar: str = "pflag"
    programs: dict[str, str] = field(default_factory=dict)
    gone: dict[str, str] = field(default_factory=dict)
    successors: dict[str, str] = field(default_factory=dict)
    moved: dict[str, str] = field(default_factory=dict)
    kinds: dict[str, str] = field(default_factory=dict)
    argument_kinds: dict[str, str] = field(default_factory=dict)
    inherits: dict[str, tuple[str, ...]] = field(default_factory=dict)
    subcommands: dict[str, tuple[str, ...]] = field(default_factory=dict)
    instead: frozenset[str] = frozenset()
    alias_prefix: str = ""
    defines: dict[str, str] = field(default_factory=dict)
    hands_on: tuple[str, ...] = ()
    broadest: str = ""
    by_name: tuple[str, ...] = ()
    late_values: dict[str, str] = field(default_factory=dict)
    nouns: tuple[str, ...] = ()
    external: tuple[str, ...] = ()
    newer: dict[str, str] = field(default_factory=dict)
    hidden_flags: tuple[str, ...] = ()
    hidden_commands: tuple[str, ...] = ()
    environment: dict[str, str] = field(default_factory=dict)
    plugin_folder: str = ""


def split_words(text: str) -> tuple[str, ...]:
    """Split a text into words."""
    return tuple(text.split())
