import FetchInterface

/// Why something could not be had over HTTP.
enum HTTPError: Error, Equatable {
    case badURL(String, String)
    case badHeader(String)
    case status(Int, url: String)
    case tooManyRedirects(limit: Int)
    case insecureRedirect(from: String, to: String)
    case badRedirect(from: String, to: String)
    case tooMuchHead(limit: Int, url: String)
    case tooLarge(limit: UInt64, url: String)
    case wrongSize(wanted: UInt64, got: UInt64, url: String)
    case digestMismatch(wanted: String, got: String, url: String)
    case connectionTimeout(seconds: Int, url: String)
    case stalled(seconds: Int, url: String)
    case tooSlow(seconds: Int, url: String)
    /// The words of libcurl.
    case transfer(String, url: String)
    case badRange(String, url: String)
    case badProxy(String)
    case setup(String)
}

extension HTTPError: CustomStringConvertible {
    var description: String {
        switch self {
        case .badURL(let url, let why): "bad URL '\(printable(String(url.prefix(200))))': \(why)"
        case .badHeader(let name): "the value of header '\(printable(name))' cannot be sent"
        case .status(let code, _): "bad HTTP status code: \(code)"
        case .tooManyRedirects(let limit): "too many redirects, more than \(limit)"
        case .insecureRedirect(let from, let to):
            "refusing the redirect from '\(from)' to '\(to)', which is not encrypted"
        case .badRedirect(let from, let to):
            "cannot follow the redirect from '\(from)' to '\(printable(String(to.prefix(200))))'"
        case .tooMuchHead(let limit, let url): "the headers of '\(url)' are larger than the limit of \(limit) bytes"
        case .tooLarge(let limit, let url): "'\(url)' is larger than the limit of \(limit) bytes"
        case .wrongSize(let wanted, let got, let url): "'\(url)' has \(got) bytes instead of \(wanted)"
        case .digestMismatch(let wanted, let got, let url): "'\(url)' has the digest \(got) instead of \(wanted)"
        case .connectionTimeout(let seconds, let url): "no connection to '\(url)' within \(seconds) seconds"
        case .stalled(let seconds, let url): "no byte from '\(url)' for \(seconds) seconds"
        case .tooSlow(let seconds, let url): "'\(url)' did not come within \(seconds) seconds"
        case .transfer(let words, _): printable(words)
        case .badRange(let range, _): "the server sent the wrong part: 'Content-Range: \(printable(range))'"
        case .badProxy(let proxy): "bad proxy '\(printable(proxy))' in the environment"
        case .setup(let what): "libcurl refused \(what)"
        }
    }
}
