package import AppContainer
package import FetchInterface
package import ImageArchive
package import ImageTrust

/// The checks of fetching that are left out; each leaves out only its own.
package struct InsecureFetching: OptionSet, Sendable {
    package let rawValue: Int
    package init(rawValue: Int) { self.rawValue = rawValue }

    /// Signatures of images are not checked.
    package static let image = InsecureFetching(rawValue: 1)
    /// Certificates are not checked.
    package static let tls = InsecureFetching(rawValue: 2)
    /// Plain http may be used.
    package static let http = InsecureFetching(rawValue: 4)
    /// Keys may be fetched over connections that prove nothing.
    package static let publicKey = InsecureFetching(rawValue: 8)

    private static let named: [(name: String, option: InsecureFetching)] = [
        ("image", .image), ("tls", .tls), ("http", .http), ("pubkey", .publicKey),
    ]

    /// As on the command line.
    var names: [String] { Self.named.filter { contains($0.option) }.map(\.name) }
}

/// How images are fetched.
package struct FetchOptions: Sendable {
    package var policy: PullPolicy
    /// Whether somebody asked for this policy; what local images depend on is only then looked up anew.
    package var isPolicyExplicit = false
    package var insecure: InsecureFetching = []
    package var keys: KeyStore
    package var isDebugging = false

    package init(policy: PullPolicy, keys: KeyStore) {
        self.policy = policy
        self.keys = keys
    }

    var checksSignatures: Bool { !insecure.contains(.image) }

    /// How images are downloaded.
    func transport(_ limits: TransferLimits) -> TransportOptions {
        TransportOptions(
            skipsTLSVerification: insecure.contains(.tls), allowsHTTP: insecure.contains(.http),
            isDebugging: isDebugging, limits: limits, userAgent: "rkt/\(rktVersion)")
    }

    /// How keys are downloaded: what makes images insecure does so for keys only with `pubkey`.
    func keyTransport(_ limits: TransferLimits) -> TransportOptions {
        var options = transport(limits)
        if !insecure.contains(.publicKey) {
            options.skipsTLSVerification = false
            options.allowsHTTP = false
        }
        return options
    }
}

/// What the configuration says about fetching, each part read when it is needed first.
package struct FetchConfiguration {
    /// Who we are for others.
    package struct Access {
        /// For web servers.
        package var credentials: [HostCredentials] = []
        /// For the registry with this host, and the hosts besides it that may be asked for a token.
        package var registry: (_ host: String) -> (credentials: Credentials?, tokenHosts: [String]) = { _ in (nil, []) }

        package init() {}
    }

    /// What images and servers may cost.
    package struct Limits: Equatable, Sendable {
        package var archive = ArchiveLimits.standard
        package var transfer = TransferLimits.standard

        package init() {}
    }

    package var access: () throws -> Access = { Access() }
    package var limits: () throws -> Limits = { Limits() }

    package init() {}
}

/// How fetching talks to the user.
package struct FetchDialogue {
    /// A line to see always.
    package var log: (String) -> Void
    /// A line for those who look for an error.
    package var debug: (String) -> Void
    /// How keys for a prefix come to be trusted.
    package var review: (_ prefix: ACIdentifier) -> KeyReview
    /// Where progress is shown; nil where nobody looks.
    package var terminal: ProgressTerminal?

    package init(
        log: @escaping (String) -> Void, debug: @escaping (String) -> Void,
        review: @escaping (_ prefix: ACIdentifier) -> KeyReview, terminal: ProgressTerminal? = nil
    ) {
        self.log = log
        self.debug = debug
        self.review = review
        self.terminal = terminal
    }

    /// The same, with lines above the bars of a board.
    func above(_ board: ProgressBoard) -> FetchDialogue {
        FetchDialogue(
            log: { text in board.above { log(text) } }, debug: { text in board.above { debug(text) } }, review: review,
            terminal: terminal)
    }
}
