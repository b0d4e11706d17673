/// A value for a control file of a cgroup.
package struct CgroupSetting: Equatable, Sendable {
    /// What to do when it cannot be written.
    package enum Importance: Sendable {
        case required
        /// A kernel without this file does without.
        case optional
        /// A kernel without this file is told about, and a disk that takes no limit does without.
        case perDisk
    }

    package let controller: String
    package let file: String
    package let value: String
    package let importance: Importance
}

/// What to write where, in this order; `disks` are the devices that limits on them count for, as `MAJOR:MINOR`.
///
/// A limit beyond what the kernel can count is none. Swap counts as memory where the kernel can count it: an app at its
/// limit is ended instead of swapping.
///
/// Source: cgroup-v1/memory.rst, cgroup-v1/blkio-controller.rst, cgroup-v2.rst of the kernel's documentation.
package func cgroupSettings(_ plan: ResourcePlan, isUnified: Bool, disks: [String] = []) -> [CgroupSetting] {
    memorySettings(plan, isUnified) + processorSettings(plan, isUnified) + processSettings(plan)
        + disks.flatMap { diskSettings(plan, isUnified, $0) }
}

private func setting(
    _ controller: String, _ file: String, _ value: some CustomStringConvertible,
    _ importance: CgroupSetting.Importance = .required
) -> CgroupSetting {
    CgroupSetting(controller: controller, file: file, value: "\(value)", importance: importance)
}

private func memorySettings(_ plan: ResourcePlan, _ isUnified: Bool) -> [CgroupSetting] {
    guard let bytes = plan.memoryBytes, bytes <= UInt64(Int64.max) else { return [] }
    if isUnified {
        return [setting("memory", "memory.max", bytes), setting("memory", "memory.swap.max", 0, .optional)]
    }
    return [
        setting("memory", "memory.limit_in_bytes", bytes),
        setting("memory", "memory.memsw.limit_in_bytes", bytes, .optional),
    ]
}

private func processorSettings(_ plan: ResourcePlan, _ isUnified: Bool) -> [CgroupSetting] {
    var settings: [CgroupSetting] = []
    if let (quota, period) = plan.cpuMilli.flatMap(processorQuota) {
        if isUnified {
            settings.append(setting("cpu", "cpu.max", "\(quota) \(period)"))
        } else {
            settings.append(setting("cpu", "cpu.cfs_period_us", period))
            settings.append(setting("cpu", "cpu.cfs_quota_us", quota))
        }
    }
    if let shares = plan.cpuShares {
        let weight = 1 + ((max(shares, 2) - 2) * 9999) / 262_142
        settings.append(isUnified ? setting("cpu", "cpu.weight", weight) : setting("cpu", "cpu.shares", shares))
    }
    return settings
}

/// A share of each 100 ms, or of each second where it is less than the 1 ms that the kernel takes; `nil` for more than
/// the kernel can count, which no machine has.
///
/// Source: scheduler/sched-bwc.rst of the kernel's documentation; max_cfs_runtime in kernel/sched/core.c.
private func processorQuota(_ milli: UInt64) -> (quota: UInt64, period: UInt64)? {
    if milli < 10 { return (milli * 1000, 1_000_000) }
    let (quota, overflow) = milli.multipliedReportingOverflow(by: 100)
    return overflow || quota >= 1 << 44 ? nil : (quota, 100_000)
}

/// A limit that no machine reaches is none.
///
/// Source: cgroup-v1/pids.rst; PID_MAX_LIMIT in include/linux/threads.h.
private func processSettings(_ plan: ResourcePlan) -> [CgroupSetting] {
    guard let count = plan.processCount, count <= 4 << 20 else { return [] }
    return [setting("pids", "pids.max", count)]
}

private func diskSettings(_ plan: ResourcePlan, _ isUnified: Bool, _ disk: String) -> [CgroupSetting] {
    let bytes = plan.blockBytes
    let operations = plan.blockOperations.flatMap { $0 < UInt64(UInt32.max) ? $0 : nil }
    if isUnified {
        let limits = [("rbps", bytes), ("wbps", bytes), ("riops", operations), ("wiops", operations)]
        let words = limits.compactMap { name, limit in limit.map { "\(name)=\($0)" } }
        return words.isEmpty ? [] : [setting("io", "io.max", "\(disk) \(words.joined(separator: " "))", .perDisk)]
    }
    let limits = [
        ("read_bps", bytes), ("write_bps", bytes), ("read_iops", operations), ("write_iops", operations),
    ]
    return limits.compactMap { name, limit in
        limit.map { setting("blkio", "blkio.throttle.\(name)_device", "\(disk) \($0)", .perDisk) }
    }
}
