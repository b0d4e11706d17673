package import FetchInterface
import Glibc
import JSON
package import LinuxSystem
package import SystemPackage

/// The program that talks to strangers for us: one job per process, without privileges, in a directory of its own.
///
/// Source: Documentation/architecture.md, "Fetching".
package struct FetchProgram {
    /// Jobs that run at once: enough to fill a line, few enough for a shared host.
    package static let maximumParallelJobs = 4
    /// Bytes of an answer.
    static let maximumAnswerBytes = FetchAnswer.limits.maximumBytes

    private let program: FilePath
    private let downloads: DownloadDirectory
    private let environment: [String]

    /// Finds the program and makes the download directory.
    package init(
        inbox: consuming Descriptor, user: FetchUser, program: FilePath? = nil,
        environment: [String] = processEnvironment()
    ) throws {
        self.program = try program ?? Self.installed()
        downloads = DownloadDirectory(inbox, user: user)
        self.environment = fetchEnvironment(environment)
    }

    /// Does one job.
    ///
    /// `file` is what a job of the kind `verify` is about; its number in the job is set here.
    package func answer(_ job: FetchJob, file: borrowing Descriptor) throws -> FetchAnswer {
        try FetchProcess(prepared(job), program, downloads, environment, file: file).answer()
    }

    /// Starts a job of the kind `verify`; see ``answer(_:file:)``.
    func start(_ job: FetchJob, file: borrowing Descriptor) throws -> FetchProcess {
        try FetchProcess(prepared(job), program, downloads, environment, file: file)
    }

    /// Does one job.
    package func answer(_ job: FetchJob) throws -> FetchAnswer {
        try FetchProcess(prepared(job), program, downloads, environment).answer()
    }

    /// Does several jobs, as many at once as is sensible, and hands over each answer as soon as it is there.
    ///
    /// Progress is shown where there are `bars`, one for each job.
    ///
    /// After an error, of a job or of `take`, nothing more is started; what is under way is not wasted. The first error is
    /// the one that is thrown.
    func answer(
        _ jobs: [FetchJob], bars: [DownloadBars] = [], _ take: (_ index: Int, _ answer: FetchAnswer) throws -> Void
    ) throws {
        var waiting = Array(jobs.enumerated())[...]
        var running: [(index: Int, process: FetchProcess)] = []
        var failure: (any Error)?
        while true {
            while failure == nil, running.count < Self.maximumParallelJobs, let (index, job) = waiting.popFirst() {
                let process = try FetchProcess(
                    prepared(job), program, downloads, environment, bars: bars.isEmpty ? nil : bars[index])
                running.append((index, process))
            }
            if running.isEmpty { break }
            try FetchProcess.waitForAny(of: running.map(\.process))
            for (index, process) in running where process.hasEnded {
                do { try take(index, process.answer()) } catch { failure = failure ?? error }
            }
            running.removeAll { $0.process.hasEnded }
        }
        if let failure { throw failure }
    }

    /// Opens what an answer calls `file`.
    package func open(_ file: String) throws -> Descriptor { try downloads.open(file) }

    /// Where the files are that answers name.
    package func directory() throws -> Descriptor { try downloads.descriptor.duplicate() }

    /// Removes what an answer calls `file`.
    package func remove(_ file: String) { downloads.remove(file) }

    private func prepared(_ job: FetchJob) -> FetchJob {
        guard case .verify(var verification) = job.request else { return job }
        verification.file = FetchProcess.fileNumber
        return FetchJob(.verify(verification), transport: job.transport)
    }

    /// `libexec/rkt/fetch` of the installation that the running program belongs to; else beside it.
    private static func installed() throws -> FilePath {
        let beside = try runningProgram().removingLastComponent()
        let places = [
            beside.removingLastComponent().appending("libexec/rkt/fetch"), beside.appending("fetch"),
        ]
        guard let place = places.first(where: { exists($0) }) else { throw FetchProgramError.missing(places[0]) }
        return place
    }
}

/// Why there is no answer, or none that can be used.
package enum FetchProgramError: Error, Equatable, CustomStringConvertible {
    case missing(FilePath)
    case ended(ProcessEnd)
    case answerTooLong(limit: Int)
    case noAnswer(String)
    case wrongAnswer(wanted: String)
    case badFileName(String)
    case noDownload(String)

    package var description: String {
        switch self {
        case .missing(let path): "the fetch program '\(path)' is not there: nothing can be downloaded or verified"
        case .ended(.exited(let status)): "the fetch program failed with status \(status)"
        case .ended(.signaled(let signal)): "the fetch program was killed by signal \(signal)"
        case .answerTooLong(let limit): "the fetch program answers with more than \(limit) bytes"
        case .noAnswer(let why): "the fetch program gave no proper answer: \(why)"
        case .wrongAnswer(let wanted): "the fetch program answered something else than \(wanted)"
        case .badFileName(let name): "the fetch program names a file '\(name.prefix(64))', which is no name"
        case .noDownload(let name): "the fetch program names '\(name)', which is no file that it made"
        }
    }
}

/// Where the running program is.
func runningProgram() throws -> FilePath {
    var target = [CChar](repeating: 0, count: Int(PATH_MAX))
    let length = try check("readlink", "'/proc/self/exe'") { readlink("/proc/self/exe", &target, target.count) }
    return FilePath(String(decoding: target.prefix(length).map { UInt8(bitPattern: $0) }, as: UTF8.self))
}

/// What of our environment the fetch program gets: proxies, certificates, and a search path that is not the caller's.
///
/// Source: libcurl, "Environment variables"; OpenSSL, `X509_get_default_cert_file_env`.
func fetchEnvironment(_ environment: [String]) -> [String] {
    let proxies = ["http_proxy", "https_proxy", "no_proxy", "all_proxy"]
    let names = proxies + proxies.map { $0.uppercased() } + ["SSL_CERT_FILE", "SSL_CERT_DIR"]
    let kept = environment.filter { variable in names.contains { variable.hasPrefix("\($0)=") } }
    return ["PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C"] + kept
}

extension FetchAnswer {
    /// The answer, unless it says why there is none.
    private func orFailure() throws -> FetchAnswer {
        guard case .failure(let sentences) = self else { return self }
        let causes = sentences.dropFirst().reversed().reduce(nil as Failure?) { Failure($1, cause: $0) }
        throw Failure(sentences.first ?? "the fetch program failed and does not say why", cause: causes)
    }

    package func endpoints() throws -> [Endpoint] {
        guard case .endpoints(let endpoints) = try orFailure() else {
            throw FetchProgramError.wrongAnswer(wanted: "places where an image is")
        }
        return endpoints
    }

    package func publicKeys() throws -> [PublicKeyFile] {
        guard case .publicKeys(let files) = try orFailure() else {
            throw FetchProgramError.wrongAnswer(wanted: "public keys")
        }
        return files
    }

    /// An archive; nil when the server says that ours is still the right one.
    package func archive() throws -> DownloadedArchive? {
        switch try orFailure() {
        case .archive(let archive): return archive
        case .notModified: return nil
        default: throw FetchProgramError.wrongAnswer(wanted: "an image archive")
        }
    }

    package func registryImage() throws -> RegistryImage {
        guard case .registryImage(let image) = try orFailure() else {
            throw FetchProgramError.wrongAnswer(wanted: "an image of a registry")
        }
        return image
    }

    package func signatures() throws -> SignedContent {
        guard case .signatures(let content) = try orFailure() else {
            throw FetchProgramError.wrongAnswer(wanted: "a verdict on signatures")
        }
        return content
    }
}
