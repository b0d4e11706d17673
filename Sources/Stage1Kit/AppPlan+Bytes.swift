import AppContainer
import Stage2Interface

/// What the pod's first process needs of a plan, as bytes: an app that is added later is planned outside.
///
/// Volumes are mounted already then; of them only the places in the app count.
extension AppPlan {
    package var encoded: [UInt8] {
        var writer = ByteWriter()
        writer.put(name.rawValue)
        for spec in [beforeStart, main, afterStop] { writer.put(spec?.encoded ?? []) }
        writer.put(volumes.map(\.targetInApp))
        writer.put(volumes.map { $0.readOnly ? 1 : 0 as UInt64 })
        writer.put(resources.oomScore?.numbers ?? [])
        writer.put(isRootReadOnly ? 1 : 0 as UInt64)
        writer.put(stop.signal.map { [UInt64($0)] } ?? [])
        writer.put(UInt64(stop.timeout))
        return writer.bytes
    }

    package init(decoding bytes: [UInt8]) throws {
        var reader = ByteReader(bytes)
        name = try ACName(reader.text())
        func spec() throws -> LaunchSpec? {
            let bytes = try reader.content()
            return bytes.isEmpty ? nil : try LaunchSpec(decoding: bytes)
        }
        beforeStart = try spec()
        guard let main = try spec() else { throw LaunchSpecError.truncated }
        self.main = main
        afterStop = try spec()
        let targets = try reader.texts()
        let readOnly = try reader.numbers()
        guard targets.count == readOnly.count else { throw LaunchSpecError.truncated }
        volumes = zip(targets, readOnly).map {
            VolumeMount(source: .host("", recursive: nil), targetInApp: $0, readOnly: $1 == 1)
        }
        var resources = ResourcePlan()
        resources.oomScore = OutOfMemoryScore(numbers: try reader.numbers())
        self.resources = resources
        isRootReadOnly = try reader.number() == 1
        let signal = try reader.numbers().first
        stop = StopPlan(signal: signal.map { CInt(truncatingIfNeeded: $0) }, timeout: try reader.number32())
        sysctls = []
        saysReady = false
        warnings = []
        try reader.finish()
    }
}

extension OutOfMemoryScore {
    fileprivate var numbers: [UInt64] {
        switch self {
        case .exactly(let value): [0, UInt64(bitPattern: Int64(value))]
        case .atLeast(let value): [1, UInt64(bitPattern: Int64(value))]
        }
    }

    fileprivate init?(numbers: [UInt64]) {
        guard numbers.count == 2 else { return nil }
        let value = Int32(truncatingIfNeeded: Int64(bitPattern: numbers[1]))
        self = numbers[0] == 0 ? .exactly(value) : .atLeast(value)
    }
}
