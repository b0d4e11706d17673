import CLinux
import Glibc
import SystemPackage

/// Waits for many descriptors and calls for each what was asked for.
///
/// Files that the kernel cannot wait for, such as regular ones, count as ready all the time. A handler may watch and
/// forget descriptors, also its own; what it forgot is not called any more. Forget a descriptor before closing it.
///
/// Source: epoll(7), level-triggered.
package final class EventLoop {
    /// What a descriptor is ready for; the end of the other side makes it ready for both.
    package struct Readiness: OptionSet, Sendable {
        package let rawValue: UInt32
        package init(rawValue: UInt32) { self.rawValue = rawValue }

        package static let reading = Readiness(rawValue: 1)
        package static let writing = Readiness(rawValue: 4)
    }

    private struct Watch {
        var wanted: Readiness
        let generation: UInt32
        /// Whether the kernel waits for it; else it is always ready.
        var isWaitable: Bool
        let handler: (Readiness) throws -> Void
    }

    private let epoll: Descriptor
    private var watches: [CInt: Watch] = [:]
    private var generation: UInt32 = 0

    package init() throws(SystemCallError) {
        epoll = Descriptor(owning: try check("epoll_create1", "a new event loop") { clinux_epoll_create() })
    }

    /// Calls `handler` whenever the descriptor is ready for what is `wanted`, until it is forgotten.
    package func watch(
        _ descriptor: CInt, _ wanted: Readiness, _ handler: @escaping (Readiness) throws -> Void
    ) throws(SystemCallError) {
        generation &+= 1
        watches[descriptor] = Watch(wanted: [], generation: generation, isWaitable: true, handler: handler)
        try want(wanted, of: descriptor)
    }

    /// Changes what a watched descriptor is wanted for; wanting nothing pauses it.
    package func want(_ wanted: Readiness, of descriptor: CInt) throws(SystemCallError) {
        guard var watch = watches[descriptor], watch.wanted != wanted else { return }
        if watch.isWaitable {
            let operation: CInt =
                wanted.isEmpty
                ? CLINUX_EPOLL_CTL_DEL : watch.wanted.isEmpty ? CLINUX_EPOLL_CTL_ADD : CLINUX_EPOLL_CTL_MOD
            let token = UInt64(watch.generation) << 32 | UInt64(UInt32(bitPattern: descriptor))
            do {
                let number = epoll.raw
                try check("epoll_ctl", "descriptor \(descriptor)") {
                    clinux_epoll_set(number, operation, descriptor, wanted.rawValue, token)
                }
            } catch {
                guard error.errno == .notPermitted else { throw error }
                watch.isWaitable = false
            }
        }
        watch.wanted = wanted
        watches[descriptor] = watch
    }

    /// Never calls the handler of this descriptor again.
    package func forget(_ descriptor: CInt) {
        try? want([], of: descriptor)  // a closed descriptor was forgotten by the kernel
        watches[descriptor] = nil
    }

    /// Waits until something is ready, or until `deadline` in nanoseconds since 1970 has passed, and handles it.
    ///
    /// A wait that takes long gives the pages of the program back; see ``waitLongForInput(_:)``.
    package func turn(deadline: Int64? = nil) throws {
        let idle = watches.filter { !$0.value.isWaitable && !$0.value.wanted.isEmpty }
        var events = [clinux_event](repeating: clinux_event(), count: 32)
        let number = epoll.raw
        func wait(_ milliseconds: CInt) throws(SystemCallError) -> Int {
            Int(
                try check("epoll_wait", "the event loop") {
                    clinux_epoll_wait(number, &events, CInt(events.count), milliseconds)
                })
        }
        var count: Int
        if !idle.isEmpty {
            count = try wait(0)
        } else if let deadline {
            count = try wait(CInt(clamping: max(0, (deadline - clinux_now() + 999_999) / 1_000_000)))
        } else {
            count = try wait(1_000)
            if count == 0 {
                _ = try check("poll", "the event loop") { clinux_poll_released([number], 1) }
                count = try wait(0)
            }
        }
        for event in events.prefix(count) {
            let descriptor = CInt(truncatingIfNeeded: event.token)
            guard let watch = watches[descriptor], watch.generation == UInt32(event.token >> 32) else { continue }
            // An end or an error concerns whoever waits, for whatever.
            let ready = Readiness(rawValue: event.ready).intersection(watch.wanted)
            try watch.handler(ready.isEmpty ? watch.wanted : ready)
        }
        for (descriptor, watch) in idle where watches[descriptor]?.generation == watch.generation {
            try watch.handler(watch.wanted)
        }
    }
}
