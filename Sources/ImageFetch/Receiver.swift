import FetchInterface

/// What becomes of the body of an answer.
protocol Receiver: AnyObject {
    /// Headers that depend on what is there already.
    var headers: [(name: String, value: String)] { get }
    /// Called before the first byte of the body, and in the end where there was none; `false` lets the body go by.
    func begin(_ head: ResponseHead, url: WebURL) throws -> Bool
    func receive(_ bytes: UnsafeRawBufferPointer) throws
    /// The transfer is complete. `false`: ask once again.
    func finish(_ head: ResponseHead, response: inout HTTPResponse) throws -> Bool
}

/// Keeps the body of any answer in memory.
final class DocumentReceiver: Receiver {
    private let maximumBytes: UInt64
    private var url = ""
    private var body: [UInt8] = []

    init(maximumBytes: UInt64) { self.maximumBytes = maximumBytes }

    var headers: [(name: String, value: String)] { [] }

    func begin(_ head: ResponseHead, url: WebURL) throws -> Bool {
        body = []
        self.url = "\(url)"
        if let length = head.contentLength, length > maximumBytes { throw tooLarge }
        return true
    }

    func receive(_ bytes: UnsafeRawBufferPointer) throws {
        guard UInt64(body.count + bytes.count) <= maximumBytes else { throw tooLarge }
        body += bytes
    }

    func finish(_ head: ResponseHead, response: inout HTTPResponse) throws -> Bool {
        response.body = body
        response.size = UInt64(body.count)
        return true
    }

    private var tooLarge: HTTPError { .tooLarge(limit: maximumBytes, url: url) }
}
