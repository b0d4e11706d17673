import AppContainer
import CLinux
import Glibc
import LinuxSystem
import Stage1Kit
import SystemPackage

/// The standard streams of an app as its first program gets them: descriptors by number, in the order of their use there.
struct AppDescriptors: Sendable {
    /// In place of a number: `/dev/null`.
    static let nothing: CInt = -1
    /// In place of a number: the terminal of the app.
    static let terminal: CInt = -2

    var numbers: [CInt]

    static let none = AppDescriptors(numbers: [nothing, nothing, nothing])

    var wantsTerminal: Bool { numbers.contains(Self.terminal) }

    func closeAll() {
        for number in numbers where number >= 0 { close(number) }
    }

    /// Puts a terminal in the places that are meant for one; it becomes the controlling terminal in
    /// ``becomeStandard()``.
    func connected(to terminal: CInt) -> AppDescriptors {
        AppDescriptors(numbers: numbers.map { $0 == Self.terminal ? terminal : $0 })
    }

    /// Makes them the standard streams of the calling process, which leads a session of its own.
    func becomeStandard() throws {
        let nothing = try Descriptor.open("/dev/null", [.readWrite])
        for (index, number) in numbers.enumerated() {
            let source = number < 0 ? nothing.raw : number
            try check("dup2", "standard stream \(index)") { dup2(source, CInt(index)) }
        }
        for number in numbers where Terminal.isOne(number) {
            try check("ioctl", "TIOCSCTTY") { clinux_set_controlling_terminal(number) }
            break
        }
    }
}

/// The pipes between an app and the supervisor, made before the process that starts the app.
///
/// The supervisor's ends do not block.
final class AppPipes {
    let app: ACName
    let plan: StreamPlan
    let hasTerminal: Bool
    /// Where what the app writes goes besides.
    let kubernetesLog: KubernetesLogPlan?
    private(set) var theirs = AppDescriptors.none
    private var ours: [CInt] = [-1, -1, -1]

    /// `hasTerminal`: this process has one on its standard input.
    init(_ app: ACName, _ plan: StreamPlan, hasTerminal: Bool, kubernetesLog: KubernetesLogPlan?) throws {
        self.app = app
        self.plan = plan
        self.hasTerminal = hasTerminal
        self.kubernetesLog = kubernetesLog
        for (index, mode) in plan.all.enumerated() {
            switch mode {
            case .null: continue
            case .log where index == 0: continue
            case .terminal: theirs.numbers[index] = AppDescriptors.terminal
            case .interactive where hasTerminal: theirs.numbers[index] = AppDescriptors.terminal
            case .log, .stream, .interactive: try makePipe(index)
            }
        }
    }

    private func makePipe(_ index: Int) throws {
        let pipe = try Pipe()
        let reader = try pipe.reader.duplicate()
        let writer = try pipe.takeWriter().duplicate()
        let (own, other) = index == 0 ? (writer.release(), reader.release()) : (reader.release(), writer.release())
        ours[index] = own
        theirs.numbers[index] = other
        try check("fcntl", "descriptor \(own)") { clinux_set_nonblocking(own) }
    }

    /// Gives the app's ends to its user, who may then open them anew: programs do that with `/dev/stdout`.
    ///
    /// `users` are those of the pod, when they are not the host's.
    func give(to user: UInt32, of users: UserRange?) throws(SystemCallError) {
        let user = users?.outsideOrNobody(user) ?? user
        for number in theirs.numbers where number >= 0 {
            try check("fchown", "descriptor \(number)") { fchown(number, user, gid_t.max) }
        }
    }

    deinit {
        closeTheirs()
        closeOurs()
    }

    /// In the supervisor, once the app's process has them.
    func closeTheirs() {
        theirs.closeAll()
        theirs = .none
    }

    /// In the app's process.
    func closeOurs() {
        for number in ours where number >= 0 { close(number) }
        ours = [-1, -1, -1]
    }

    /// The supervisor's end of a stream: 0, 1 or 2; `nil` when there is none or it was taken.
    func take(_ index: Int) -> Descriptor? {
        let number = ours[index]
        ours[index] = -1
        return number < 0 ? nil : Descriptor(owning: number)
    }
}
