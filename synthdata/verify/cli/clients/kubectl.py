"""What kubectl does not say of itself."""

from synthdata.verify.cli.profile import Profile, split_words

PROFILE = Profile(
    moved={"kubectl rolling-update": "kubectl rollout"},
    kinds={"dry-run": "dry-run"},
    argument_kinds={"run": ""},
    instead=frozenset(
        {"filename", "kustomize", "all", "raw", "list", "selector", "local", "help", "from-file", "patch-file"}
    ),
    external=split_words("""argo cert-manager cnpg ctx df-pv krew neat ns oidc-login stern tree view-secret who-can"""),
    hidden_flags=split_words("""all cluster-store container delete-local-data export generator heapster-namespace heapster-port
heapster-scheme heapster-service host-port include-uninitialized limits no-headers record replicas requests
restart schedule service-account serviceaccount short show-all use-openapi-print-columns append-hash
server-dry-run hostport pod generated-name prune-whitelist save-config env port"""),
    hidden_commands=("convert", "kui", "rolling-update", "run-container"),
    environment={"KUBECONFIG": "kubeconfig"},
)
