//! Words that templates and entities are made of. Invented for this purpose: no real system writes
//! these lines, so nothing can be tuned to them.

/// Programs.
pub const PROGRAMS: [&str; 40] = [
    "gatehouse",
    "ledgerd",
    "courier",
    "quarry",
    "lanternd",
    "harbor",
    "millwright",
    "sentry",
    "orchard",
    "tinker",
    "beacon",
    "caravan",
    "foundry",
    "granary",
    "herald",
    "ironwood",
    "juniper",
    "keyring",
    "lighter",
    "mosaic",
    "nightjar",
    "outpost",
    "pilotd",
    "quill",
    "ropewalk",
    "signal",
    "tollgate",
    "umpire",
    "viaduct",
    "weaver",
    "yardmaster",
    "zephyr",
    "anvil",
    "bellows",
    "cooper",
    "drover",
    "ember",
    "fletcher",
    "glazier",
    "hauler",
];

/// Things that are acted on.
pub const NOUNS: [&str; 32] = [
    "session",
    "lease",
    "bucket",
    "shard",
    "queue",
    "replica",
    "volume",
    "ticket",
    "route",
    "batch",
    "snapshot",
    "manifest",
    "channel",
    "worker",
    "cursor",
    "index",
    "token",
    "budget",
    "listener",
    "mirror",
    "parcel",
    "digest",
    "segment",
    "upstream",
    "tenant",
    "policy",
    "mailbox",
    "probe",
    "journal",
    "pool",
    "certificate",
    "schedule",
];

/// What is done to them.
pub const VERBS: [&str; 28] = [
    "opened",
    "closed",
    "renewed",
    "evicted",
    "rotated",
    "promoted",
    "demoted",
    "drained",
    "sealed",
    "rebuilt",
    "attached",
    "detached",
    "throttled",
    "resumed",
    "verified",
    "published",
    "merged",
    "expired",
    "reserved",
    "released",
    "flushed",
    "compacted",
    "rejected",
    "retried",
    "adopted",
    "inspected",
    "paused",
    "restored",
];

/// How things are.
pub const STATES: [&str; 20] = [
    "ready",
    "degraded",
    "stale",
    "healthy",
    "overloaded",
    "idle",
    "blocked",
    "pending",
    "missing",
    "corrupt",
    "consistent",
    "unreachable",
    "saturated",
    "orphaned",
    "locked",
    "empty",
    "partial",
    "warming",
    "exhausted",
    "current",
];

/// Why something happened.
pub const REASONS: [&str; 24] = [
    "deadline exceeded",
    "quota reached",
    "peer went away",
    "checksum differs",
    "no route left",
    "operator request",
    "credentials refused",
    "version too old",
    "disk is full",
    "lock is held",
    "handshake failed",
    "cache is cold",
    "limit lowered",
    "parent is gone",
    "clock moved back",
    "signature unknown",
    "pool is dry",
    "policy forbids it",
    "header too long",
    "window elapsed",
    "leader changed",
    "retry budget spent",
    "address in use",
    "maintenance window",
];

/// Shapes of messages. `[…]` takes a word when the template is made, `<…>` a value in every line.
pub const SHAPES: [&str; 30] = [
    "[noun] [verb] for <user> from <ip> port <port>",
    "user <user> [verb] [noun] <id> on <host>",
    "[noun] <num> is [state]: [reason]",
    "cannot [verb] [noun] <path>: [reason]",
    "[verb] <num> of <num> entries of [noun] in <ms> ms",
    "connection from <ip>:<port> [verb] after <secs>, [reason]",
    "[noun] <uuid> [verb]",
    "[noun] <uuid> [verb] by <user>: [reason]",
    "request <hex> to <path> took <ms> ms status=<status> bytes=<num>",
    "[state] [noun] on <host>, [reason]; next try in <secs>",
    "unit <service> entered [state] state",
    "unit <service> [verb], main process <num>",
    "access to <path> by <user> [verb]: [reason]",
    "<num> [noun]s [verb], <num> left, load <ratio>",
    "login of <user> from <ip> [verb]: [reason]",
    "[noun] [verb] to <host> (<peer>), lag <ms> ms",
    "[noun]=<id> user=<user> src=<ip> result=[state] took=<ms>",
    "wrote <num> bytes to <path>",
    "[verb] [noun] after [reason]",
    "[noun] table is [state]",
    "peer <peer> is [state], [verb] <num> times",
    "session <hex> of <user> on <host> [verb]",
    "[noun] <id>: [noun] <id> [verb]",
    "temperature of [noun] <num> is <ratio>, [state]",
    "checked <path>: [state], <num> [noun]s",
    "worker <num> [verb] [noun] <hex> in <secs>",
    "GET <path> from <ip> gave <status> in <ms> ms",
    "rule <num> [verb] packet <ip> to <peer> port <port>",
    "[noun] of <service> is [state] ([reason])",
    "transfer <id> from <host> to <host> [verb], <num> bytes",
];

/// Given names.
pub const GIVEN: [&str; 40] = [
    "ada", "bodo", "cleo", "dario", "edda", "falk", "gita", "hugo", "ines", "jonas", "karla",
    "lior", "mira", "nuno", "olga", "piet", "quinn", "rosa", "sven", "tilda", "uwe", "vera", "wim",
    "xenia", "yann", "zora", "anouk", "bilal", "chidi", "dunja", "emeka", "farid", "greta", "hana",
    "ivo", "jelena", "kofi", "lena", "malik", "nele",
];

/// Family names.
pub const FAMILY: [&str; 25] = [
    "abara", "brandt", "castell", "dvorak", "eriksen", "ferrante", "goose", "haas", "ibsen",
    "jansen", "kowal", "lindt", "moreau", "nowak", "okoye", "petit", "quist", "rossi", "santos",
    "toth", "ueda", "varga", "weiss", "yilmaz", "zeman",
];

/// What hosts are for.
pub const ROLES: [&str; 10] =
    ["web", "db", "cache", "queue", "edge", "build", "mail", "auth", "store", "calc"];

/// Where hosts are.
pub const SITES: [&str; 5] = ["fra", "lis", "osl", "waw", "dub"];

/// Roots of paths.
pub const ROOTS: [&str; 8] = [
    "/var/lib",
    "/srv/data",
    "/opt/app",
    "/home/shared",
    "/etc/conf.d",
    "/api/v2",
    "/var/spool",
    "/usr/share",
];

/// Ends of paths.
pub const SUFFIXES: [&str; 8] = [".dat", ".json", ".conf", ".idx", "", ".tmp", ".bin", ".lock"];
