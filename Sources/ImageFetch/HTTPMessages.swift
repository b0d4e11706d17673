import FetchInterface

enum HTTPMethod: String, Sendable {
    case get = "GET"
    case head = "HEAD"
}

/// One thing to ask a server for.
struct HTTPRequest: Sendable {
    var url: String
    var method: HTTPMethod
    /// They go along when the request is sent on; what shows who we are belongs into ``credentials``.
    var headers: [(name: String, value: String)]
    /// Sent only to exactly the origin each is for, and not in the clear unless that is allowed.
    var credentials: [HostCredentials]
    /// Bytes of the body; the limit for documents when nil.
    var maximumBytes: UInt64?
    var followsRedirects: Bool

    init(
        _ url: String, method: HTTPMethod = .get, headers: [(name: String, value: String)] = [],
        credentials: [HostCredentials] = [], maximumBytes: UInt64? = nil, followsRedirects: Bool = true
    ) {
        self.url = url
        self.method = method
        self.headers = headers
        self.credentials = credentials
        self.maximumBytes = maximumBytes
        self.followsRedirects = followsRedirects
    }
}

/// One thing to put into a file of the download directory.
struct FileRequest: Sendable {
    var request: HTTPRequest
    /// What the progress bar says after `Downloading`.
    var label: String
    /// What the partial file is named after: requests with the same key want the same bytes.
    var key: String
    /// `sha256:` and digits, compared before the file gets its name; a partial file is gone on with whatever the server
    /// says about its age.
    var expectedDigest: String?
    /// Whether the answer is to say the digest.
    var wantsDigest: Bool
    /// Exactly so many bytes.
    var expectedSize: UInt64?
    /// A second name for the finished file with the expected digest.
    ///
    /// A file with it is looked for before anything is asked for: for those who want the same at the same time. Whoever
    /// asked removes it.
    var sharedName: String?
    /// How the name of the finished file begins.
    var prefix: String

    init(
        _ request: HTTPRequest, label: String, key: String, expectedDigest: String? = nil, expectedSize: UInt64? = nil,
        wantsDigest: Bool = false, sharedName: String? = nil, prefix: String
    ) {
        self.request = request
        self.label = label
        self.key = key
        self.expectedDigest = expectedDigest
        self.expectedSize = expectedSize
        self.wantsDigest = wantsDigest
        self.sharedName = sharedName
        self.prefix = prefix
    }
}

/// What the server said in the end.
struct HTTPResponse: Sendable {
    var status: Int
    /// Of the last hop, without user and password.
    var url: String
    /// Names in lower case.
    var headers: [(name: String, value: String)]
    var body: [UInt8] = []
    /// For downloads: the name of the finished file, which nobody else has; empty when there is none.
    var file = ""
    var size: UInt64 = 0
    /// For downloads that wanted it: `sha256:` and digits.
    var digest = ""
    /// Every hop was https with a certificate that was checked.
    var isAuthenticated: Bool

    /// The first header with this name, which is in lower case.
    func header(_ name: String) -> String? { headers.first { $0.name == name }?.value }
}

/// Status and headers of one answer as they come in line by line.
struct ResponseHead: Sendable {
    /// Bytes of the heads of one hop, those of interim answers included.
    static let maximumBytes = 64 << 10

    private(set) var status = 0
    private(set) var headers: [(name: String, value: String)] = []
    private(set) var byteCount = 0

    /// Takes one line; one that is no header is left out.
    mutating func add(_ line: some Collection<UInt8>) {
        byteCount += line.count
        let text = String(decoding: line.filter { $0 != 0x0d && $0 != 0x0a }, as: UTF8.self)
        if text.hasPrefix("HTTP/") {
            let words = text.split(separator: " ", maxSplits: 2)
            status = words.count > 1 ? Int(words[1].prefix(3)) ?? 0 : 0
            headers = []
        } else if let colon = text.firstIndex(of: ":"), Self.isName(text[..<colon]), Self.isValue(text) {
            let value = text[text.index(after: colon)...].drop { $0 == " " || $0 == "\t" }
            let end = value.lastIndex { $0 != " " && $0 != "\t" }.map { value.index(after: $0) } ?? value.startIndex
            headers.append((text[..<colon].lowercased(), String(value[..<end])))
        }
    }

    func header(_ name: String) -> String? { headers.first { $0.name == name }?.value }

    var contentLength: UInt64? { header("content-length").flatMap { UInt64($0) } }

    /// Whether this is the name of a header.
    ///
    /// Source: RFC 9110, section 5.6.2.
    static func isName(_ name: some StringProtocol) -> Bool {
        !name.isEmpty
            && name.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), 0x30...0x39: true
                default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
                }
            }
    }

    /// Whether this may be the value of a header.
    static func isValue(_ value: some StringProtocol) -> Bool {
        value.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7f || $0 == 0x09 }
    }
}
