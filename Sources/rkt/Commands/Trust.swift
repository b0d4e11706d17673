import AppContainer
import FetchInterface
import Glibc
import ImageTrust
import LinuxSystem
import Stage0
import SystemPackage

/// `rkt trust`: keys that vouch for images.
let trustCommand = Command(
    name: "trust",
    summary: "Trust a key for image verification",
    arguments: "[--prefix=PREFIX] [--root] [PUBKEY...]",
    description: """
        Adds keys to the local keystore for use in verifying signed images.

        PUBKEY may be a local file or an URL (http or https).
        PREFIX limits trust to images that have this name or one below it; without PUBKEY, its keys are found by meta \
        discovery.

        Use --root to trust keys for all images.

        With --list, shows the keys that are trusted already. With --remove, takes trust away from keys, which are given \
        by their fingerprints: for PREFIX, for --root, or wherever they are trusted.
        """,
    flags: {
        [
            .string("prefix", "prefix to limit trust to") { $0.trust.prefix = $1 },
            .boolean("root", "add root key without a prefix") { $0.trust.isRoot = $1 },
            .boolean("skip-fingerprint-review", "accept key without fingerprint confirmation") {
                $0.trust.skipsReview = $1
            },
            .boolean("insecure-allow-http", "allow HTTP use for key discovery and/or retrieval") {
                $0.trust.allowsHTTP = $1
            },
            .boolean("list", "list the keys that are trusted") { $0.trust.lists = $1 },
            .boolean("remove", "take trust away from keys, given by fingerprint") { $0.trust.removes = $1 },
            noLegendFlag, formatFlag,
        ]
    },
    run: trust)

/// What the flags of `rkt trust` say.
struct TrustOptions: Sendable {
    var prefix = ""
    var isRoot = false
    var skipsReview = false
    var allowsHTTP = false
    var lists = false
    var removes = false
}

private func trust(_ context: CommandContext) throws {
    let options = context.options.trust
    if options.isRoot, !options.prefix.isEmpty { throw Failure("--root and --prefix usage mutually exclusive") }
    if options.lists, options.removes { throw Failure("--list and --remove usage mutually exclusive") }
    let prefix = try prefix(options.prefix)
    if options.lists || options.removes {
        let scope = options.isRoot ? KeyScope.root : prefix.map { .prefix($0) }
        return try options.lists ? listKeys(context, scope) : removeKeys(context, scope)
    }
    guard options.isRoot || prefix != nil else {
        if context.arguments.isEmpty { throw Ending.usage }
        context.log(unboundedTrustAdvice)
        throw Ending.failed
    }
    if context.options.insecure.contains(.image) { throw Failure("could not get the keystore") }
    context.warnAboutInsecureOptions(.tls)
    try addKeys(context, prefix)
}

private let unboundedTrustAdvice = """
    aborting due to implicit unbounded trust (root domain)
    a key given without --prefix would be trusted for images of any name
    use --prefix=PREFIX to trust it for the name PREFIX and those below it,
    or --root to trust it for everything
    """

private func prefix(_ text: String) throws -> ACIdentifier? {
    if text.isEmpty { return nil }
    if text.hasPrefix("https://") || text.hasPrefix("http://") {
        throw Failure("--prefix must not contain a URL scheme, omit \(text.prefix { $0 != "/" })//")
    }
    return try explaining("invalid prefix \(quoted(text))") { try ACIdentifier(text) }
}

/// Adds the keys of each location; one that fails does not stop the others.
private func addKeys(_ context: CommandContext, _ prefix: ACIdentifier?) throws {
    let store = context.keyStore
    let review = context.keyReview(
        isSkipped: context.options.trust.skipsReview, prefix: prefix?.rawValue ?? "", isResult: true)
    var hasFailed = false
    func attempt(_ body: () throws -> Void) {
        do { try body() } catch {
            context.report(error)
            hasFailed = true
        }
    }
    try context.withKeyReader { read in
        guard !context.arguments.isEmpty else {
            let files = try explaining("error determining key location") {
                guard let prefix else { throw Failure("without a prefix there is no place to look for keys") }
                return try read(.discovery(prefix: prefix.rawValue))
            }
            for file in files { attempt { try store.accept(file, prefix: prefix, review: review) } }
            return
        }
        for location in context.arguments {
            attempt {
                for file in try keyFiles(location, allowsHTTP: context.options.trust.allowsHTTP, read) {
                    try store.accept(file, prefix: prefix, review: review)
                }
            }
        }
    }
    if hasFailed { throw Ending.failed }
}

/// The keys that one word on the command line means.
private func keyFiles(
    _ location: String, allowsHTTP: Bool, _ read: (KeySource) throws -> [PublicKeyFile]
) throws -> [PublicKeyFile] {
    switch urlScheme(location) {
    case nil:
        let text = try explaining("error accessing the key \(quoted(location))") {
            keyText(
                try Descriptor.open(FilePath(location), [.noControllingTerminal])
                    .readAll(limit: TrustLimits.maximumKeyFileBytes))
        }
        return try explaining("error reading key \(quoted(location))") {
            try read(.text(text)).map {
                var file = $0
                file.location = location
                return file
            }
        }
    case "http" where !allowsHTTP: throw Failure("--insecure-allow-http required for http URLs")
    case "http", "https": return try read(.url(location))
    default: throw Failure("only local files and http or https URLs supported")
    }
}

/// The word before `://`, in small letters; nil for a path.
private func urlScheme(_ text: String) -> String? {
    guard let colon = text.firstIndex(of: ":"), text[colon...].hasPrefix("://") else { return nil }
    let scheme = text[..<colon].lowercased()
    guard let first = scheme.utf8.first, (0x61...0x7a).contains(first) else { return nil }
    return scheme.utf8.allSatisfy { (0x61...0x7a).contains($0) || (0x2b...0x39).contains($0) && $0 != 0x2f }
        ? scheme : nil
}

/// Takes trust away; what cannot be removed does not stop the others.
private func removeKeys(_ context: CommandContext, _ scope: KeyScope?) throws {
    guard !context.arguments.isEmpty else { throw Ending.usage }
    let store = context.keyStore
    var hasFailed = false
    for word in context.arguments {
        do {
            let fingerprint = try fingerprint(parsing: word)
            for path in try store.remove(fingerprint: fingerprint, from: scope) {
                let isMask = exists(path)
                context.print(isMask ? "masked key of the system at \"\(path)\"" : "removed key at \"\(path)\"")
            }
            for key in try store.list().keys
            where key.fingerprint == fingerprint && key.content == .key && !key.isMasked {
                context.log("key \(fingerprint) is still trusted \(key.scope.phrase)")
            }
        } catch {
            context.report(error)
            hasFailed = true
        }
    }
    if hasFailed { throw Ending.failed }
}

extension CommandContext {
    /// The keys of the configuration directories.
    var keyStore: KeyStore { KeyStore(system: options.systemConfig, local: options.localConfig) }

    /// Hands `body` what reads keys through the fetch program.
    ///
    /// Whoever may write the configuration need not be able to write the data directory: a user gets a temporary one.
    func withKeyReader<Result>(_ body: ((KeySource) throws -> [PublicKeyFile]) throws -> Result) throws -> Result {
        let transport = TransportOptions(
            skipsTLSVerification: options.insecure.contains(.tls), allowsHTTP: options.trust.allowsHTTP,
            isDebugging: options.isDebugging)
        func reading(_ program: FetchProgram) throws -> Result {
            try body { try program.answer(FetchJob(.publicKeys($0), transport: transport)).publicKeys() }
        }
        if geteuid() == 0 { return try reading(DataDirectory(try dataDirectory()).fetchProgram()) }
        let directory = FilePath("/tmp/rkt-trust-\(hexadecimal(try randomBytes(8)))")
        try makeDirectory(directory, mode: 0o700)
        defer { try? removeTree(directory) }  // whatever is left in it says nothing
        return try reading(FetchProgram(inbox: Descriptor.open(directory, [.directory]), user: .caller))
    }
}
