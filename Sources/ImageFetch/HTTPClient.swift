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
    private let progress: ProgressReporter
    private let messages: Messages
    private let multi: UnsafeMutableRawPointer

    /// Downloads go to `directory`; how far they are to `reports` if there are any.
    init(
        _ options: TransportOptions, directory: consuming Descriptor,
        environment: (String) -> String? = environmentVariable, messages: Messages = Messages(),
        reports: ReportOutput? = nil
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
        progress = ProgressReporter(reports, messages)
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
        var run = Run(exchanges)
        defer {
            for handle in run.active.keys { curl_multi_remove_handle(multi, handle) }
            withExtendedLifetime(exchanges) {}
        }
        do {
            while true {
                try startWaiting(&run, parallel: parallel, seconds: seconds)
                if run.active.isEmpty && run.waiting.isEmpty { return run.responses.compactMap(\.self) }
                if !run.active.isEmpty { try finishEnded(&run, seconds: seconds) }
                progress.report()
            }
        } catch {
            // Nobody will hear of what is complete already.
            for response in run.responses { if let file = response?.file { try? directory.remove(finished: file) } }
            throw error
        }
    }

    private struct Run {
        let exchanges: [Exchange]
        var waiting: [Int]
        var active: [UnsafeMutableRawPointer: Int] = [:]
        var responses: [HTTPResponse?]

        init(_ exchanges: [Exchange]) {
            self.exchanges = exchanges
            waiting = Array(exchanges.indices)
            responses = Array(repeating: nil, count: exchanges.count)
        }
    }

    /// Starts what may run; files that another process has are put off until there is nothing else to do, so that nobody
    /// who holds one waits for another.
    private func startWaiting(_ run: inout Run, parallel: Int, seconds: Int?) throws {
        var busy: [Int] = []
        for (place, index) in run.waiting.enumerated() {
            if run.active.count >= parallel {
                busy += run.waiting[place...]
                break
            }
            if try !open(index, &run, waits: false, seconds: seconds) { busy.append(index) }
        }
        if run.active.isEmpty, let index = busy.first {
            busy.removeFirst()
            _ = try open(index, &run, waits: true, seconds: seconds)
        }
        run.waiting = busy
    }

    /// Starts one exchange; `false` when another process has its file.
    private func open(_ index: Int, _ run: inout Run, waits: Bool, seconds: Int?) throws -> Bool {
        guard let receiver = run.exchanges[index].receiver as? FileReceiver else {
            try start(index, &run, seconds: seconds)
            return true
        }
        switch try receiver.open(waits: waits) {
        case .busy: return false
        case .ready: try start(index, &run, seconds: seconds)
        case .complete(let response): run.responses[index] = response
        }
        return true
    }

    private func start(_ index: Int, _ run: inout Run, seconds: Int?) throws {
        let exchange = run.exchanges[index]
        try exchange.prepare(certificates, proxies, seconds: seconds)
        guard curl_multi_add_handle(multi, exchange.handle.raw) == CURLM_OK else {
            throw HTTPError.setup("another transfer")
        }
        run.active[exchange.handle.raw] = index
    }

    private func finishEnded(_ run: inout Run, seconds: Int?) throws {
        for (handle, code) in try perform() {
            guard let index = run.active.removeValue(forKey: handle) else { continue }
            curl_multi_remove_handle(multi, handle)
            switch try run.exchanges[index].end(code) {
            case .again: try start(index, &run, seconds: seconds)
            case .done(let response): run.responses[index] = response
            }
        }
    }

    /// Lets libcurl work and waits for something to happen; what has ended, and how.
    private func perform() throws -> [(UnsafeMutableRawPointer, CURLcode)] {
        var running: CInt = 0
        guard curl_multi_perform(multi, &running) == CURLM_OK else { throw HTTPError.setup("to go on") }
        var ended: [(UnsafeMutableRawPointer, CURLcode)] = []
        var code = CURLE_OK
        while let handle = ccurl_multi_next_ended(multi, &code) { ended.append((handle, code)) }
        if ended.isEmpty {
            // libcurl knows its own deadlines.
            guard curl_multi_poll(multi, nil, 0, progress.milliseconds ?? 60_000, nil) == CURLM_OK else {
                throw HTTPError.setup("to wait")
            }
        }
        return ended
    }
}
