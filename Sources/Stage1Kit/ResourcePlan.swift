package import AppContainer
import LinuxSystem

/// What an app's isolators ask of its cgroup and of the kernel's out-of-memory choice.
package struct ResourcePlan: Equatable, Sendable {
    package var memoryBytes: UInt64?
    /// Thousandths of a processor; not 0.
    package var cpuMilli: UInt64?
    /// 2 to 262144; 1024 is the weight of everybody who says nothing.
    package var cpuShares: UInt64?
    package var processCount: UInt64?
    /// Per second and disk, for reading and for writing each; not 0.
    package var blockBytes: UInt64?
    package var blockOperations: UInt64?
    package var oomScore: OutOfMemoryScore?

    package init() {}

    /// Of several isolators of one kind the last one counts; requests, as opposed to limits, ask for nothing.
    ///
    /// - Throws: `Failure` for a limit that is too large to be told to the kernel, or lets nothing start.
    ///
    /// Source: rkt 1.30.0, stage1/init/common/units.go; appc spec 0.8.11, ace.md, "Isolators".
    package init(_ app: App) throws {
        for isolator in app.isolators {
            switch isolator {
            case .memory(let limits): memoryBytes = try memoryLimit(limits.limit) ?? memoryBytes
            case .cpu(let limits): cpuMilli = try processorLimit(limits.limit) ?? cpuMilli
            case .cpuShares(let shares): cpuShares = shares
            case .pids(let limits): processCount = try count(limits.limit, isolator) ?? processCount
            case .blockBandwidth(let limits): blockBytes = try count(limits.limit, isolator) ?? blockBytes
            case .blockIOPS(let limits): blockOperations = try count(limits.limit, isolator) ?? blockOperations
            case .oomScoreAdjust(let value): oomScore = .exactly(value)
            case .oomScoreAtLeast(let value): oomScore = .atLeast(value)
            default: continue
            }
        }
    }

    /// What of this needs a controller: the isolator's name, and the controller's.
    package func needs(isUnified: Bool) -> [(isolator: String, controller: String)] {
        let io = isUnified ? "io" : "blkio"
        let all: [(isolator: String, controller: String, isWanted: Bool)] = [
            ("resource/memory", "memory", memoryBytes != nil), ("resource/cpu", "cpu", cpuMilli != nil),
            ("os/linux/cpu-shares", "cpu", cpuShares != nil), ("resource/pids", "pids", processCount != nil),
            ("resource/block-bandwidth", io, blockBytes != nil), ("resource/block-iops", io, blockOperations != nil),
        ]
        return all.filter(\.isWanted).map { ($0.isolator, $0.controller) }
    }
}

/// Where an app stands when the kernel runs out of memory.
package enum OutOfMemoryScore: Equatable, Sendable {
    case exactly(Int32)
    /// What is higher already stays.
    case atLeast(Int32)

    /// The score to set for a process that has one; `nil` when it is right already.
    package func change(from current: Int32) -> Int32? {
        switch self {
        case .exactly(let wanted): wanted == current ? nil : wanted
        case .atLeast(let wanted): wanted <= current ? nil : wanted
        }
    }
}

/// Source: rkt 1.30.0, rkt/cli_apps.go, for the smallest one.
private func memoryLimit(_ limit: Quantity?) throws -> UInt64? {
    guard let limit else { return nil }
    guard let bytes = limit.bytesRoundedUp else { throw Failure("memory limit '\(limit)' is too large") }
    guard bytes >= 4096 else {
        throw Failure("memory limit of \(bytes) bytes too low. Try a reasonable value, such as 16M")
    }
    return bytes
}

/// Source: rkt 1.30.0, stage1/init/common/units.go, for the largest one.
private func processorLimit(_ limit: Quantity?) throws -> UInt64? {
    guard let limit else { return nil }
    guard let milli = limit.milliValue, milli <= UInt64(Int64.max) else {
        throw Failure("cpu limit exceeds the maximum millivalue: \(limit)")
    }
    guard milli > 0 else { throw Failure("cpu limit of 0 lets nothing run") }
    return milli
}

private func count(_ limit: Quantity?, _ isolator: Isolator) throws -> UInt64? {
    guard let limit else { return nil }
    guard let number = limit.bytesRoundedUp else { throw Failure("\(isolator.name) limit '\(limit)' is too large") }
    guard number > 0 else { throw Failure("\(isolator.name) limit of 0 lets nothing start") }
    return number
}
