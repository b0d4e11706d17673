import FetchInterface

/// Who we are for the origin of `url`; `nil` where nobody has said anything, and in the clear unless that is allowed.
///
/// User and password from the URL itself count where nothing is configured.
func credentials(for url: WebURL, from all: [HostCredentials], allowsPlainText: Bool) -> Credentials? {
    guard url.scheme == .https || allowsPlainText else { return nil }
    let configured = all.first { entry in
        guard let origin = Authority(entry.host, defaultPort: url.scheme.defaultPort), origin.user == nil else {
            return false
        }
        return origin.host == url.host && origin.port == url.port
    }
    return configured?.credentials ?? url.user.map { .basic(user: $0, password: url.password ?? "") }
}

extension Credentials {
    /// The header that shows who we are; `nil` where each request is signed instead.
    var authorization: String? {
        switch self {
        case .basic(let user, let password): "Basic \(base64("\(user):\(password)".utf8))"
        case .bearer(let token): "Bearer \(token)"
        case .aws: nil
        }
    }
}

/// The region that the name of an S3 host says, else `us-east-1`.
func awsRegion(ofHost host: String) -> String {
    let standard = "us-east-1"
    let labels = host.split(separator: ".")
    guard let end = labels.lastIndex(of: "amazonaws"), end > 0 else { return standard }
    let last = labels[end - 1]
    if last.hasPrefix("s3-") { return last == "s3-external-1" ? standard : String(last.dropFirst(3)) }
    return end > 1 && labels[end - 2] == "s3" ? String(last) : standard
}
