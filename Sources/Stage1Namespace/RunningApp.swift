import AppContainer
import LinuxSystem

/// The process of a running app, held so that its number cannot come to mean another one.
struct RunningApp: ~Copyable {
    let name: ACName
    /// As the host sees it.
    let pid: CInt
    let process: Descriptor

    /// Finds it among the children of the pod's first process.
    init(_ name: ACName, below first: CInt) throws {
        let found = try AppProcessRecord.find(name, below: first)
        let ending = Failure("app '\(name)' has just ended")
        guard let process = try? openProcess(found) else { throw ending }  // nothing else can be wrong with it
        guard let again = try? AppProcessRecord.find(name, below: first), again == found else { throw ending }
        self.name = name
        self.pid = found
        self.process = process
    }

    /// Whether it has ended, which makes any other error a consequence.
    var hasEnded: Bool {
        (try? waitForInput([process.raw], milliseconds: 0)) == [true]  // without an answer the other error is told
    }

    var ending: Failure { Failure("app '\(name)' has just ended") }
}
