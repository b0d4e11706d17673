import CCurl
import FetchInterface
import LinuxSystem

/// Asks servers, one request or several at once, within limits.
///
/// Redirects are followed here and not by libcurl: credentials go with each hop only where they belong.
final class HTTPClient {
    let options: TransportOptions
    let directory: DownloadDirectory
    private let certificates: Certificates
    private let proxies: ProxySettings
    private let progress: ProgressBoard
    private let messages: Messages
    private let multi: UnsafeMutableRawPointer

    /// - Parameter directory: where downloads go.
    init(
        _ options: TransportOptions, directory: consuming Descriptor,
        environment: (String) -> String? = environmentVariable, messages: Messages = Messages()
    ) throws {
        guard curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK, let multi = curl_multi_init() else {
            throw HTTPError.setup("to start")
        }
        self.multi = multi
        self.options = options
        self.directory = DownloadDirectory(directory)
        self.messages = messages
        certificates = try Certificates(environment: environment)
        proxies = ProxySettings(environment: environment)
        progress = ProgressBoard(messages, isTerminal: options.showsProgress)
    }

    deinit { curl_multi_cleanup(multi) }

    /// Something small: the body is kept in memory, and every status is an answer.
    func document(_ request: HTTPRequest) throws -> HTTPResponse {
        let limit = request.maximumBytes ?? options.limits.maximumDocumentBytes
        let receiver = DocumentReceiver(maximumBytes: limit)
        let exchange = try Exchange(request, receiver: receiver, options: options)
        let responses = try run([exchange], parallel: 1, seconds: documentSeconds(options.limits))
        guard let response = responses.first else { throw HTTPError.setup("to answer") }
        return response
    }

    /// Something large, into files of the download directory; the answers are in the order of the requests.
    ///
    /// An earlier download that was interrupted is gone on with. Any status but 200, 206 and 304 is an error; the first
    /// error ends all of them, and what has come so far stays for the next time.
    func download(_ requests: [FileRequest], parallel: Int) throws -> [HTTPResponse] {
        let exchanges = try requests.map { request in
            let maximum = min(request.request.maximumBytes ?? .max, options.limits.maximumDownloadBytes)
            let receiver = FileReceiver(
                request, directory: directory, maximumBytes: maximum, progress: progress, messages: messages)
            return try Exchange(request.request, receiver: receiver, options: options)
        }
        defer { progress.close() }
        return try run(exchanges, parallel: max(1, parallel), seconds: nil)
    }

    private func run(_ exchanges: [Exchange], parallel: Int, seconds: Int?) throws -> [HTTPResponse] {
        var waiting = Array(exchanges.indices)[...]
        var active: [UnsafeMutableRawPointer: Int] = [:]
        var responses = [HTTPResponse?](repeating: nil, count: exchanges.count)
        defer {
            for handle in active.keys { curl_multi_remove_handle(multi, handle) }
            withExtendedLifetime(exchanges) {}
        }
        func start(_ index: Int) throws {
            let exchange = exchanges[index]
            try exchange.prepare(certificates, proxies, seconds: seconds)
            guard curl_multi_add_handle(multi, exchange.handle.raw) == CURLM_OK else {
                throw HTTPError.setup("another transfer")
            }
            active[exchange.handle.raw] = index
        }
        while true {
            try startWaiting(
                &waiting, exchanges, isFull: { active.count >= parallel }, isIdle: { active.isEmpty }, start)
            if active.isEmpty { return responses.compactMap(\.self) }
            for (handle, code) in try perform() {
                guard let index = active.removeValue(forKey: handle) else { continue }
                curl_multi_remove_handle(multi, handle)
                switch try exchanges[index].end(code) {
                case .again: try start(index)
                case .done(let response): responses[index] = response
                }
            }
            progress.draw()
        }
    }

    /// Starts what may run; files that another process has are put off until there is nothing else to do, so that nobody
    /// who holds one waits for another.
    private func startWaiting(
        _ waiting: inout ArraySlice<Int>, _ exchanges: [Exchange], isFull: () -> Bool, isIdle: () -> Bool,
        _ start: (Int) throws -> Void
    ) throws {
        var busy: [Int] = []
        while !isFull(), let index = waiting.popFirst() {
            if let file = exchanges[index].receiver as? FileReceiver, try !file.open(waits: false) {
                busy.append(index)
            } else {
                try start(index)
            }
        }
        if isIdle(), let index = busy.first {
            if let file = exchanges[index].receiver as? FileReceiver { _ = try file.open(waits: true) }
            busy.removeFirst()
            try start(index)
        }
        waiting = busy + waiting
    }

    /// Lets libcurl work and waits for something to happen; what has ended, and how.
    private func perform() throws -> [(UnsafeMutableRawPointer, CURLcode)] {
        var running: CInt = 0
        guard curl_multi_perform(multi, &running) == CURLM_OK else { throw HTTPError.setup("to go on") }
        var ended: [(UnsafeMutableRawPointer, CURLcode)] = []
        var code = CURLE_OK
        while let handle = ccurl_multi_next_ended(multi, &code) { ended.append((handle, code)) }
        if ended.isEmpty {
            // libcurl knows its own deadlines; a second is how often the bar moves.
            let milliseconds: CInt = options.showsProgress ? 1_000 : 60_000
            guard curl_multi_poll(multi, nil, 0, milliseconds, nil) == CURLM_OK else {
                throw HTTPError.setup("to wait")
            }
        }
        return ended
    }
}
