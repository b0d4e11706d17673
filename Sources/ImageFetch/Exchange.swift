import CCurl
import FetchInterface

/// One request on its way: from hop to hop, until the answer is there.
final class Exchange {
    enum Step {
        case again
        case done(HTTPResponse)
    }

    private(set) var handle: EasyHandle
    private let request: HTTPRequest
    let receiver: any Receiver
    private let options: TransportOptions
    private var url: WebURL
    private var redirects = 0
    private var isAuthenticated = true
    private var repetitions = 0

    // The hop that is going on.
    private var head = ResponseHead()
    private var hasBegun = false
    private var isKept = false
    private var skippedBytes = 0
    private var failure: (any Error)?
    private var hasStoppedOnPurpose = false

    /// Bytes of a body that nobody wants that are still read, so that the connection can be used again.
    private static let maximumSkippedBytes = 64 << 10

    init(_ request: HTTPRequest, receiver: any Receiver, options: TransportOptions) throws {
        self.request = request
        self.receiver = receiver
        self.options = options
        url = try WebURL(request.url)
        handle = try EasyHandle()
    }

    /// Prepares the handle for the next hop.
    func prepare(_ certificates: Certificates, _ proxies: ProxySettings, seconds: Int?) throws {
        head = ResponseHead()
        (hasBegun, isKept, skippedBytes, failure, hasStoppedOnPurpose) = (false, false, 0, nil, false)
        isAuthenticated = isAuthenticated && url.scheme == .https && !options.skipsTLSVerification
        try handle.prepare(options, certificates)
        if let seconds { try handle.number(CURLOPT_TIMEOUT, seconds, "a time limit") }
        try handle.aim(
            at: url, method: request.method, headers: request.headers + receiver.headers,
            credentials: credentials(for: url, from: request.credentials, allowsPlainText: options.allowsHTTP),
            proxy: proxies.proxy(for: url))
        try handle.deliver(
            head: { bytes, size, count, context in
                Exchange.deliver(bytes, size &* count, context) { try $0.receiveHead($1) }
            },
            body: { bytes, size, count, context in
                Exchange.deliver(bytes, size &* count, context) { try $0.receiveBody($1) }
            }, to: Unmanaged.passUnretained(self).toOpaque())
    }

    private static func deliver(
        _ bytes: UnsafeMutablePointer<CChar>?, _ count: Int, _ context: UnsafeMutableRawPointer?,
        _ body: (Exchange, UnsafeRawBufferPointer) throws -> Bool
    ) -> Int {
        guard let context else { return 0 }
        let exchange = Unmanaged<Exchange>.fromOpaque(context).takeUnretainedValue()
        do {
            if try body(exchange, UnsafeRawBufferPointer(start: bytes, count: count)) { return count }
            exchange.hasStoppedOnPurpose = true
        } catch {
            exchange.failure = error
        }
        return count == 0 ? 1 : 0
    }

    private func receiveHead(_ line: UnsafeRawBufferPointer) throws -> Bool {
        if hasBegun { return true }  // trailers
        guard head.byteCount + line.count <= ResponseHead.maximumBytes else {
            throw HTTPError.tooMuchHead(limit: ResponseHead.maximumBytes, url: "\(url)")
        }
        head.add(line)
        // The blank line behind the head of the answer itself: what is wrong with it need not wait for the body.
        if head.status >= 200 && line.allSatisfy({ $0 == 0x0d || $0 == 0x0a }) { try beginBody() }
        return true
    }

    private func receiveBody(_ bytes: UnsafeRawBufferPointer) throws -> Bool {
        try beginBody()
        if isKept {
            try receiver.receive(bytes)
            return true
        }
        skippedBytes += bytes.count
        return skippedBytes <= Self.maximumSkippedBytes
    }

    private func beginBody() throws {
        if hasBegun { return }
        hasBegun = true
        let hasBody = request.method != .head && head.status != 204 && head.status != 304
        if try hasBody && redirectTarget() == nil { isKept = try receiver.begin(head, url: url) }
    }

    /// What to do after the hop ended with `code`.
    func end(_ code: CURLcode) throws -> Step {
        if let failure { throw failure }
        if code != CURLE_OK && !hasStoppedOnPurpose { throw error(for: code) }
        try beginBody()
        if let target = try redirectTarget() {
            url = target
            redirects += 1
            return .again
        }
        var response = HTTPResponse(
            status: head.status, url: "\(url)", headers: head.headers, isAuthenticated: isAuthenticated)
        if try receiver.finish(head, response: &response) { return .done(response) }
        repetitions += 1
        guard repetitions == 1 else { throw HTTPError.status(head.status, url: "\(url)") }
        return .again
    }

    /// Where the answer sends us.
    ///
    /// Source: RFC 9110, section 15.4.
    private func redirectTarget() throws(HTTPError) -> WebURL? {
        guard request.followsRedirects, [301, 302, 303, 307, 308].contains(head.status),
            let location = head.header("location")
        else { return nil }
        let limit = options.limits.maximumRedirects
        guard redirects < limit else { throw .tooManyRedirects(limit: limit) }
        let target = try url.resolved(location)
        if url.scheme == .https && target.scheme == .http && !options.allowsHTTP {
            throw .insecureRedirect(from: "\(url)", to: "\(target)")
        }
        return target
    }

    private func error(for code: CURLcode) -> HTTPError {
        let words = handle.words(for: code)
        guard code == CURLE_OPERATION_TIMEDOUT else { return .transfer(words, url: "\(url)") }
        let limits = options.limits
        if words.hasPrefix("Operation too slow") { return .stalled(seconds: limits.stallSeconds, url: "\(url)") }
        if !handle.wasConnected { return .connectionTimeout(seconds: limits.connectSeconds, url: "\(url)") }
        return .tooSlow(seconds: documentSeconds(limits), url: "\(url)")
    }
}

/// How long a document may take altogether: a server that sends a byte now and then does not stall.
func documentSeconds(_ limits: TransferLimits) -> Int { 2 * limits.stallSeconds + 10 }
