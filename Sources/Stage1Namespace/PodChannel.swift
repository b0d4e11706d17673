import AppContainer
import CLinux
import Glibc
import LinuxSystem
import Stage1Kit
import Stage2Interface

/// What the pod's first process tells the supervisor.
enum PodEvent {
    /// The app has a terminal, whose other side comes along.
    case terminal(ACName)
    /// Every program of the app has ended.
    case ended(ACName)
}

/// What the supervisor tells the pod's first process.
enum PodOrder {
    /// Start an app. What comes along is closed by whoever receives it.
    case start(AppPlan, AppDescriptors, CgroupPlace, started: CInt)
    /// Ask an app to end.
    case stop(ACName)
}

extension PodEvent {
    func send(to channel: CInt, descriptors: [CInt] = []) throws {
        var writer = ByteWriter()
        switch self {
        case .terminal(let app): writer.put(["terminal", app.rawValue])
        case .ended(let app): writer.put(["ended", app.rawValue])
        }
        try UnixSocket.send(writer.bytes, descriptors: descriptors, to: channel)
    }

    /// The next one; `nil` when the other side is gone.
    static func receive(from channel: CInt) throws -> (PodEvent, descriptors: [CInt])? {
        let (bytes, descriptors) = try UnixSocket.receive(from: channel)
        if bytes.isEmpty { return nil }
        var reader = ByteReader(bytes)
        let words = try reader.texts()
        guard words.count == 2 else { throw Failure("the pod's first process says nothing that is known") }
        let app = try ACName(words[1])
        return (words[0] == "terminal" ? .terminal(app) : .ended(app), descriptors)
    }
}

extension PodOrder {
    func send(to channel: CInt) throws {
        var writer = ByteWriter()
        switch self {
        case .stop(let app):
            writer.put(["stop", app.rawValue])
            try UnixSocket.send(writer.bytes, to: channel)
        case .start(let plan, let streams, let place, let started):
            // A filter alone may be larger than a message.
            let content = try Descriptor.memory("plan")
            try content.writeAll(plan.encoded)
            writer.put(["start", plan.name.rawValue])
            writer.put(streams.numbers.map { UInt64(bitPattern: Int64($0)) })
            writer.put(place.birthplace < 0 ? 0 : 1 as UInt64)
            let open = streams.numbers.filter { $0 >= 0 }
            try UnixSocket.send(
                writer.bytes, descriptors: [content.raw, started] + open + place.descriptors, to: channel)
        }
    }

    /// The next one; `nil` when the other side is gone.
    static func receive(from channel: CInt) throws -> PodOrder? {
        let (bytes, descriptors) = try UnixSocket.receive(from: channel)
        if bytes.isEmpty { return nil }
        var reader = ByteReader(bytes)
        let words = try reader.texts()
        guard words.count == 2 else { throw Failure("the supervisor says nothing that is known") }
        if words[0] == "stop" { return .stop(try ACName(words[1])) }
        var rest = descriptors[...]
        func next() throws -> CInt {
            guard let number = rest.popFirst() else { throw Failure("an order to start an app is incomplete") }
            return number
        }
        let content = Descriptor(owning: try next())
        let started = try next()
        let numbers = try reader.numbers().map { number in
            let sent = CInt(truncatingIfNeeded: Int64(bitPattern: number))
            return sent < 0 ? sent : try next()
        }
        let birthplace = try reader.number() == 1 ? try next() : -1
        try content.seek(to: 0)
        return .start(
            try AppPlan(decoding: content.readAll(limit: 64 << 20)), AppDescriptors(numbers: numbers),
            CgroupPlace(birthplace: birthplace, entrances: Array(rest)), started: started)
    }
}
