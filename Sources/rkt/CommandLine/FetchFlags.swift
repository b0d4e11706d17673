import LinuxSystem
import Stage0
import SystemPackage

/// The flags of `fetch`, `run` and `prepare` about where images come from.
func fetchFlags(standard: PullPolicy) -> [Flag] {
    [
        .value(
            "pull-policy", "when to pull an image: \(PullPolicy.allCases.map(\.rawValue).joined(separator: ", "))",
            default: standard.rawValue
        ) { options, text in
            guard let policy = PullPolicy(rawValue: text) else {
                let known = PullPolicy.allCases.map(\.rawValue).joined(separator: ", ")
                throw GoValueError(description: "unknown pull policy (must be one of: \(known))")
            }
            options.pullPolicy = policy
        },
        Flag.boolean("store-only", "use only available images in the store") { $0.usesStoreOnly = $1 }
            .withVisibility(.deprecated("please use --pull-policy=never")),
        Flag.boolean("no-store", "fetch images, ignoring the local store") { $0.ignoresStore = $1 }
            .withVisibility(.deprecated("please use --pull-policy=update")),
        .app("signature", "local signature file to use in validating the preceding image") { app, text in
            if app.signature != nil { throw AppListError.repeated("signature") }
            if text.isEmpty { throw GoValueError(description: "the path of a signature cannot be empty") }
            app.signature = absolutePath(text)
        },
    ]
}

extension Options {
    /// The policy that was asked for; nil when nobody did.
    func requestedPullPolicy() throws -> PullPolicy? {
        switch (usesStoreOnly, ignoresStore) {
        case (true, true): throw Failure("both --store-only and --no-store specified")
        case (true, false): .never
        case (false, true): .update
        case (false, false): pullPolicy
        }
    }
}

extension InsecureOptions {
    /// What matters when images are fetched.
    static let forFetching: InsecureOptions = [.image, .tls, .http, .publicKey]

    var fetching: InsecureFetching {
        var options: InsecureFetching = []
        if contains(.image) { options.insert(.image) }
        if contains(.tls) { options.insert(.tls) }
        if contains(.http) { options.insert(.http) }
        if contains(.publicKey) { options.insert(.publicKey) }
        return options
    }
}
