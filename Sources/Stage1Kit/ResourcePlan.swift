package import AppContainer

/// What an app's isolators ask of its cgroup and of the kernel's out-of-memory choice.
package struct ResourcePlan: Equatable, Sendable {
    package var memoryBytes: UInt64?
    /// Thousandths of a processor.
    package var cpuMilli: UInt64?
    /// 2 to 262144; 1024 is the weight of everybody who says nothing.
    package var cpuShares: UInt64?
    package var oomScoreAdjust: Int32?

    package init() {}

    /// Of several isolators of one kind the last one counts; requests, as opposed to limits, ask for nothing.
    ///
    /// Source: rkt 1.30.0, stage1/init/common/units.go; appc spec 0.8.11, ace.md, "Isolators".
    package init(_ app: App) {
        for isolator in app.isolators {
            switch isolator {
            case .memory(let limits): memoryBytes = limits.limit?.bytesRoundedUp ?? memoryBytes
            case .cpu(let limits): cpuMilli = limits.limit?.milliValue ?? cpuMilli
            case .cpuShares(let shares): cpuShares = shares
            case .oomScoreAdjust(let value): oomScoreAdjust = value
            default: continue
            }
        }
    }

    /// The controllers that this plan needs.
    package var controllers: [String] {
        (memoryBytes == nil ? [] : ["memory"]) + (cpuMilli == nil && cpuShares == nil ? [] : ["cpu"])
    }
}

/// A value for a control file of a cgroup.
package struct CgroupSetting: Equatable, Sendable {
    package let controller: String
    package let file: String
    package let value: String
    /// Whether a kernel without this file is no reason to stop.
    package let isOptional: Bool
}

private let quotaPeriod: UInt64 = 100_000

/// What to write where, in this order.
///
/// Swap counts as memory where the kernel can count it: an app at its limit is ended instead of swapping. A processor
/// limit is a share of each 100 ms, at least the 1 ms that the kernel takes.
///
/// Source: cgroup-v1/memory.rst, scheduler/sched-bwc.rst, cgroup-v2.rst of the kernel's documentation.
package func cgroupSettings(_ plan: ResourcePlan, isUnified: Bool) -> [CgroupSetting] {
    var settings: [CgroupSetting] = []
    func add(_ controller: String, _ file: String, _ value: some CustomStringConvertible, isOptional: Bool = false) {
        settings.append(
            CgroupSetting(controller: controller, file: file, value: "\(value)", isOptional: isOptional))
    }
    if let bytes = plan.memoryBytes {
        if isUnified {
            add("memory", "memory.max", bytes)
            add("memory", "memory.swap.max", 0, isOptional: true)
        } else {
            add("memory", "memory.limit_in_bytes", min(bytes, UInt64(Int64.max)))
            add("memory", "memory.memsw.limit_in_bytes", min(bytes, UInt64(Int64.max)), isOptional: true)
        }
    }
    if let milli = plan.cpuMilli {
        let quota = max(1000, milli.multipliedReportingOverflow(by: quotaPeriod / 1000).partialValue)
        if isUnified {
            add("cpu", "cpu.max", "\(quota) \(quotaPeriod)")
        } else {
            add("cpu", "cpu.cfs_period_us", quotaPeriod)
            add("cpu", "cpu.cfs_quota_us", quota)
        }
    }
    if let shares = plan.cpuShares {
        if isUnified {
            add("cpu", "cpu.weight", 1 + ((max(shares, 2) - 2) * 9999) / 262_142)
        } else {
            add("cpu", "cpu.shares", shares)
        }
    }
    return settings
}
