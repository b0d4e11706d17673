import AppContainer
import LinuxSystem
import Pods
import SystemPackage
import Testing

@Suite struct PodStoreTests {
    let scratch: ScratchDirectory
    let store: PodStore

    init() throws {
        scratch = try ScratchDirectory()
        store = PodStore(dataDirectory: scratch.path.appending("data"))
    }

    @Test func `looking for pods makes no directories`() throws {
        var reports: [String] = []
        #expect(try store.identifiers(in: PodDirectory.allCases) { reports.append($0) }.isEmpty)
        #expect(throws: PodError.noMatch("0")) { try store.pod(matching: "0") }
        #expect(!exists(scratch.path.appending("data")))
        #expect(reports.isEmpty)
    }

    @Test func `a pod goes through its life`() throws {
        let pod = try store.create()
        #expect(pod.state == .preparing)
        #expect(try store.pod(pod.id).state == .preparing)

        try pod.finishPreparing()
        #expect(try store.pod(pod.id).state == .prepared)

        let runner = try store.pod(pod.id)
        try runner.startRunningPrepared()
        #expect(runner.state == .running)
        #expect(try store.pod(pod.id).state == .running)
        #expect(try store.pod(pod.id).startTime() == nil)
    }

    @Test func `what a dead process leaves is an aborted prepare or an exited pod`() throws {
        let aborted = try store.create().id
        #expect(try store.pod(aborted).state == .abortedPrepare)

        let exited = try runAndExit()
        let pod = try store.pod(exited)
        #expect(pod.state == .exited)
        try pod.markExited()
        #expect(try store.pod(exited).state == .exitedGarbage)
        #expect(try pod.lockForDeletion())
        #expect(try store.pod(exited).state == .exitedDeleting)
        try pod.delete()
        #expect(throws: PodError.notPresent(exited)) { try store.pod(exited) }
    }

    private func runAndExit() throws -> PodID {
        let pod = try store.create()
        try pod.startRunning()
        return pod.id
    }

    @Test func `only one of two runs a prepared pod`() throws {
        let prepared = try store.create()
        try prepared.finishPreparing()
        let first = try store.pod(prepared.id)
        let second = try store.pod(prepared.id)
        try first.startRunningPrepared()
        // The second would wait for the first's lock; the pod has moved when it gets it.
        try first.descriptor.unlock()
        #expect(throws: PodError.moved(prepared.id, expected: .prepared)) { try second.startRunningPrepared() }
    }

    @Test func `a pod that never ran can be discarded, one that runs cannot`() throws {
        let prepared = try store.create()
        try prepared.finishPreparing()
        #expect(try store.pod(prepared.id).discard())
        #expect(try store.pod(prepared.id).state == .garbage)

        let running = try store.create()
        try running.startRunning()
        let seen = try store.pod(running.id)
        #expect(try !seen.discard())
        #expect(try !seen.lockForDeletion())
        #expect(seen.state == .running)
    }

    @Test func `directories have their modes whatever the umask`() throws {
        let pod = try store.create()
        for directory in PodDirectory.allCases {
            let path = scratch.path.appending("data/pods/\(directory.rawValue)")
            #expect(try FileStatus(of: path).permissions & 0o777 == 0o750)
        }
        #expect(try FileStatus(of: pod.descriptor).permissions & 0o777 == 0o750)
    }

    @Test func `pods are listed by UUID, and what is none is told of`() throws {
        var made: [String] = []
        for _ in 0..<8 {
            let pod = try store.create()
            try pod.finishPreparing()
            made.append("\(pod.id)")
        }
        try makeDirectory(scratch.path.appending("data/pods/run/lost+found"), mode: 0o700)
        var reports: [String] = []
        var seen: [String] = []
        try store.forEach(in: PodDirectory.listed, report: { reports.append($0) }) { seen.append("\($0.id)") }
        #expect(seen == made.sorted())
        #expect(reports == ["unrecognized entry: \"lost+found\", ignoring"])
    }

    @Test func `a pod that was killed while its manifest was written hides no other`() throws {
        let broken = try store.create()
        try broken.descriptor.createFile([], name: PodFile.manifest, mode: 0o640)
        try broken.finishPreparing()
        let whole = try store.create()
        try whole.finishPreparing()
        var reports = 0
        var seen: [PodID] = []
        try store.forEach(in: PodDirectory.listed, report: { _ in reports += 1 }) { pod in
            if pod.id == broken.id { _ = try pod.manifest() }
            seen.append(pod.id)
        }
        #expect(seen == [whole.id])
        #expect(reports == 1)
        #expect(try store.pod(broken.id).discard())
    }

    @Test func `a UUID may be shortened as long as it is clear`() throws {
        let id = try PodID(parsing: "11111111-2222-4333-8444-555555555555")
        let other = try PodID(parsing: "11112222-2222-4333-8444-555555555555")
        let hidden = try PodID(parsing: "abababab-2222-4333-8444-555555555555")
        _ = try store.create()
        try makeDirectory(scratch.path.appending("data/pods/prepared/\(id)"), mode: 0o750)
        try makeDirectory(scratch.path.appending("data/pods/run/\(other)"), mode: 0o750)
        try makeDirectory(scratch.path.appending("data/pods/garbage/\(hidden)"), mode: 0o750)

        #expect(try store.identifier(matching: "11111") == id)
        #expect(try store.identifier(matching: "11112") == other)
        #expect(try store.identifier(matching: "\(id)".uppercased()) == id)
        #expect(throws: PodError.emptyIdentifier) { try store.pod(matching: "") }
        #expect(throws: PodError.ambiguous(2)) { try store.pod(matching: "1111") }
        #expect(throws: PodError.noMatch("abab")) { try store.pod(matching: "abab") }
        #expect(throws: PodError.noMatch("\(hidden)")) { try store.pod(matching: "\(hidden)") }
        #expect("\(PodError.ambiguous(2))" == "ambiguous uuid, 2 matches")
        #expect("\(PodError.noMatch("zz"))" == "no matches found for \"zz\"")
    }

    @Test func `a pod that moved after it was opened is found where it is`() throws {
        let made = try store.create()
        try made.finishPreparing()
        let seen = try store.pod(made.id)
        #expect(try store.pod(made.id).discard())
        #expect(try seen.refresh())
        #expect(seen.state == .garbage)
        #expect(seen.path == scratch.path.appending("data/pods/garbage/\(made.id)"))
    }
}
