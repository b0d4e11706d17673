import CLinux
import Glibc
import LinuxSystem
import SystemPackage
import Testing

@Suite struct LandlockTests {
    /// In a thread of its own: it cannot get its rights back, the other tests need theirs.
    @Test(.enabled(if: clinux_landlock_version() > 0, "this kernel has no Landlock"))
    func `nothing but the directory and the files can be changed`() throws {
        let directory = try temporaryDirectory()
        defer { try? removeTree(directory) }
        let trial = Trial(directory)
        for name in ["inside", "outside"] { try makeDirectory(directory.appending(name), mode: 0o755) }
        for name in ["inside/file", "outside/file", "given"] {
            try writeFile([1], to: directory.appending(name), mode: 0o644, durable: false)
        }
        var thread = pthread_t()
        let started = pthread_create(
            &thread, nil,
            { context in
                context.map { Unmanaged<Trial>.fromOpaque($0).takeUnretainedValue().run() }
                return nil
            }, Unmanaged.passUnretained(trial).toOpaque())
        #expect(started == 0 && pthread_join(thread, nil) == 0)
        #expect(trial.failure == nil)
        #expect(
            trial.allowed == [
                "write inside/file", "make inside/new", "rename inside/new", "remove inside/newer", "write given",
                "read outside/file", "write /dev/null",
            ])
    }
}

private final class Trial {
    private let directory: FilePath
    private(set) var allowed: [String] = []
    private(set) var failure: String?

    init(_ directory: FilePath) { self.directory = directory }

    func run() {
        do {
            let isConfined = try confineWriting(
                toDirectories: [directory.appending("inside")],
                files: ["/dev/null", directory.appending("given"), directory.appending("missing")])
            if !isConfined { failure = "not confined" }
        } catch {
            failure = "\(error)"
        }
        attempt("write inside/file") { open($0, O_WRONLY | O_TRUNC) }
        attempt("make inside/new") { open($0, O_WRONLY | O_CREAT | O_EXCL, 0o644) }
        attempt("rename inside/new") { rename($0, "\($0)er") }
        attempt("remove inside/newer") { unlink($0) }
        attempt("write given") { open($0, O_WRONLY) }
        attempt("remove given") { unlink($0) }
        attempt("write outside/file") { open($0, O_WRONLY) }
        attempt("make outside/new") { open($0, O_WRONLY | O_CREAT | O_EXCL, 0o644) }
        attempt("make outside/directory") { mkdir($0, 0o755) }
        attempt("make outside/link") { symlink("/", $0) }
        attempt("remove outside/file") { unlink($0) }
        attempt("rename outside/file") { rename($0, "\($0)er") }
        attempt("read outside/file") { open($0, O_RDONLY) }
        attempt("write /dev/null") { open($0, O_WRONLY) }
    }

    private func attempt(_ what: String, _ action: (String) -> CInt) {
        let name = String(what.split(separator: " ", maxSplits: 1)[1])
        let result = action(name.hasPrefix("/") ? name : directory.appending(name).string)
        if result >= 0 { allowed.append(what) }
        if result > 0 { close(result) }
    }
}
