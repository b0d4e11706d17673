import AppContainer
import LinuxSystem
import Pods
import SystemPackage
import Testing

/// Waiting is tested with a helper program that does its part after a while: the test's own thread waits.
@Suite struct PodWaitTests {
    let scratch: ScratchDirectory
    let store: PodStore

    init() throws {
        scratch = try ScratchDirectory()
        store = PodStore(dataDirectory: scratch.path)
    }

    /// A pod whose lock a child holds until its shell command has ended.
    private func runningPod(until command: String) throws -> PodID {
        let pod = try store.create()
        try pod.startRunning()
        try pod.descriptor.setInheritable(true)
        try startShell(command, in: pod.path)
        return pod.id
    }

    @Test func `waiting ends when the pod does`() throws {
        let pod = try store.pod(runningPod(until: "sleep 0.3"))
        let start = ContinuousClock.now
        try pod.waitUntilExited(timeout: .seconds(20))
        #expect(pod.state == .exited)
        #expect(ContinuousClock.now - start < .seconds(10))
    }

    @Test func `waiting ends when the time is up`() throws {
        let pod = try store.pod(runningPod(until: "sleep 2"))
        #expect(throws: PodError.timedOut) { try pod.waitUntilExited(timeout: .milliseconds(100)) }
        #expect("\(PodError.timedOut)" == "context deadline exceeded")
    }

    @Test func `a prepared pod is waited for until it is run and has ended`() throws {
        let made = try store.create()
        try made.finishPreparing()
        try startShell("sleep 0.3; mv prepared/\(made.id) run/", in: scratch.path.appending("pods"))
        let pod = try store.pod(made.id)
        try pod.waitUntilExited(timeout: .seconds(20))
        #expect(pod.state == .exited)
    }

    @Test func `a pod is ready as soon as the supervisor says so`() throws {
        let command = "sleep 0.3; ln -s ready stage1/rootfs/rkt/supervisor-status; sleep 3"
        let pod = try store.create()
        try makeDirectories(pod.path.appending("stage1/rootfs/rkt"), mode: 0o755)
        try pod.startRunning()
        try pod.descriptor.setInheritable(true)
        try startShell(command, in: pod.path)
        try pod.descriptor.setInheritable(false)
        let start = ContinuousClock.now
        #expect(try store.pod(pod.id).waitUntilReady(timeout: .seconds(20)))
        #expect(ContinuousClock.now - start < .seconds(3))
    }

    @Test func `waiting for readiness ends when the pod does`() throws {
        let pod = try store.pod(runningPod(until: "sleep 0.3"))
        #expect(try !pod.waitUntilReady(timeout: .seconds(20)))
    }

    @Test func `the first process is waited for`() throws {
        let id = try runningPod(until: "sleep 0.3; echo 4711 > .pid; mv .pid pid; sleep 1")
        #expect(try store.pod(id).waitForFirstProcess() == 4711)
    }
}
