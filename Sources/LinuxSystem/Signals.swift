import CLinux
import Glibc
import SystemPackage

/// Every signal as something to read instead of an interruption.
///
/// Making one blocks all signals of this process; a program that is started later must unblock them first, as
/// ``ProgramCall/start()`` does.
///
/// Source: signalfd(2).
package struct SignalQueue: ~Copyable {
    package let descriptor: Descriptor

    package init() throws(SystemCallError) {
        try check("sigprocmask", "all signals") { clinux_block_all_signals() }
        descriptor = Descriptor(owning: try check("signalfd4", "all signals") { clinux_signalfd() })
    }

    /// The next signal and the process that sent it, 0 when it is outside our pid namespace; `nil` when none waits.
    ///
    /// From the kernel itself come those of a terminal's keys, which every process in its foreground gets.
    package borrowing func next() throws(SystemCallError) -> (number: CInt, sender: CInt, isFromKernel: Bool)? {
        let number = descriptor.raw
        var sender: pid_t = 0
        var isFromKernel = false
        let signal = try check("read", "signals") { clinux_read_signal(number, &sender, &isFromKernel) }
        return signal == 0 ? nil : (signal, sender, isFromKernel)
    }
}

/// Waits until one of the descriptors can be read, and says for each whether it can.
///
/// Without `milliseconds` it waits for ever; when they have passed, none can be read.
///
/// Source: poll(2).
package func waitForInput(_ descriptors: [CInt], milliseconds: CInt? = nil) throws(SystemCallError) -> [Bool] {
    let ready = try check("poll", "\(descriptors.count) descriptors") {
        clinux_poll(descriptors, CInt(descriptors.count), milliseconds ?? -1)
    }
    return descriptors.indices.map { ready & (1 << CInt($0)) != 0 }
}

/// Waits as ``waitForInput(_:milliseconds:)`` for something that may take long: after a second the pages of the program
/// are given back, and come again from the page cache when something happens.
package func waitLongForInput(_ descriptors: [CInt]) throws(SystemCallError) -> [Bool] {
    let soon = try waitForInput(descriptors, milliseconds: 1000)
    if soon.contains(true) { return soon }
    let ready = try check("poll", "\(descriptors.count) descriptors") {
        clinux_poll_released(descriptors, CInt(descriptors.count))
    }
    return descriptors.indices.map { ready & (1 << CInt($0)) != 0 }
}

/// Collects a child that has ended, any of them; `nil` when none has.
package func collectEndedChild() throws(SystemCallError) -> (pid: CInt, end: ProcessEnd)? {
    var child = clinux_child()
    do {
        let found = try check("waitid", "any child") { clinux_wait(0, 1, &child) }
        return found == 0 ? nil : (child.pid, ProcessEnd(child))
    } catch  where error.errno == .noChildProcess {
        return nil
    }
}
