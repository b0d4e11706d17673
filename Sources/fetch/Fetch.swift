import CLinux
import FetchInterface
import Glibc
import ImageFetch
import JSON
import LinuxSystem
import SystemPackage

/// Does one job for rkt: a ``FetchJob`` on standard input, a ``FetchAnswer`` on standard output.
///
/// Talks to strangers, so it can do little else: it writes only below its working directory.
@main
enum Fetch {
    static func main() {
        let answer: FetchAnswer
        do {
            answer = try work()
        } catch {
            answer = .failure(((error as? Failure) ?? Failure("\(error)")).chain.map(printable))
        }
        do {
            let output = Descriptor(owning: dup(1))
            try output.writeAll(answer.bytes + [0x0a])
        } catch {
            exit(1)  // nobody listens
        }
    }

    private static func work() throws -> FetchAnswer {
        _ = clinux_umask(0o077)
        _ = clinux_ignore_signal(SIGPIPE)  // a server that goes away is an error like any other
        _ = clinux_setrlimit(CInt(RLIMIT_CORE.rawValue), 0, 0)  // credentials stay in memory
        let job = try explaining("the fetch program got no job that it understands") {
            try FetchJob(parsing: Descriptor(owning: dup(0)).readAll(limit: FetchJob.limits.maximumBytes))
        }
        // Without Landlock there are still the user and the missing capabilities.
        _ = try explaining("confining the fetch program") {
            try confineWriting(toDirectories: ["."], files: ["/dev/null", "/dev/tty"])
        }
        return try answer(job)
    }

    private static func answer(_ job: FetchJob) throws -> FetchAnswer {
        if case .verify(let verification) = job.request { return try signatures(verification) }
        let service = try FetchService(job.transport, directory: Descriptor.open(".", [.directory]))
        switch job.request {
        case .discover(let discovery): return try service.discover(discovery)
        case .publicKeys(let source): return try service.publicKeys(source, read: publicKeys)
        case .archive(let download): return try service.archive(download, checkIssuers: checkIssuers)
        case .registryImage(let download): return try service.registryImage(download)
        case .verify: throw Failure("a verification needs no network")
        }
    }
}
