import CLinux
import LinuxSystem
import Stage1Kit
import SystemPackage

/// Lets an app's cgroup use only ``Device/allowed``, although its programs may make device nodes.
///
/// Source: cgroup-v1/devices.rst; bpf(2), BPF_PROG_TYPE_CGROUP_DEVICE.
func restrictDevices(of plan: AppPlan, in directories: [FilePath], isUnified: Bool) throws {
    let volumes = deviceVolumes(of: plan)
    guard let directory = directories.last else { return }
    if isUnified {
        let group = try Descriptor.open(directory, [.directory])
        let code = DeviceProgram.instructions(allowing: DeviceRule.standard + volumes)
        let program = Descriptor(
            owning: try check("bpf", "device program") {
                code.withUnsafeBytes { clinux_load_device_program($0.baseAddress, UInt32($0.count / 8)) }
            })
        let number = group.raw
        let load = program.raw
        try check("bpf", "attach to '\(directory)'") { clinux_attach_device_program(number, load) }
        return
    }
    try setCgroup(directory, "devices.deny", "a")
    for rule in DeviceRule.standard + volumes { try setCgroup(directory, "devices.allow", rule.text) }
}

/// The devices that an app's volumes are, as they may be used: read, and written unless the volume is read-only.
private func deviceVolumes(of plan: AppPlan) -> [DeviceRule] {
    plan.volumes.compactMap { volume in
        guard case .host(let path, _) = volume.source else { return nil }
        guard let status = try? FileStatus(of: FilePath(path)) else { return nil }  // told when it is mounted
        guard status.kind == .characterDevice || status.kind == .blockDevice else { return nil }
        return DeviceRule(
            isBlock: status.kind == .blockDevice, major: status.specialMajor, minor: status.specialMinor,
            access: volume.readOnly ? .read : [.read, .write])
    }
}

/// What may be done with a device.
struct DeviceRule: Equatable {
    struct Access: OptionSet {
        let rawValue: UInt32
        static let make = Access(rawValue: 1)
        static let read = Access(rawValue: 2)
        static let write = Access(rawValue: 4)
    }

    let isBlock: Bool
    let major: UInt32
    let minor: UInt32?
    let access: Access

    static let standard = Device.allowed.map {
        DeviceRule(isBlock: false, major: $0.major, minor: $0.minor, access: [.make, .read, .write])
    }

    /// As the version 1 controller reads it.
    var text: String {
        let letters = (access.contains(.read) ? "r" : "") + (access.contains(.write) ? "w" : "")
        return
            "\(isBlock ? "b" : "c") \(major):\(minor.map(String.init) ?? "*") \(letters)\(access.contains(.make) ? "m" : "")"
    }
}

/// A program that answers 1 for what a rule allows and 0 for everything else.
enum DeviceProgram {
    /// Instructions of 8 bytes over `struct bpf_cgroup_dev_ctx`: type and access, major, minor.
    static func instructions(allowing rules: [DeviceRule]) -> [UInt64] {
        var code: [UInt64] = [
            encode(0x61, destination: 2, source: 1, offset: 0),  // r2 = type and access
            encode(0xbc, destination: 3, source: 2),  // r3 = r2
            encode(0x54, destination: 2, immediate: 0xffff),  // r2 = type
            encode(0x74, destination: 3, immediate: 16),  // r3 = access
            encode(0x61, destination: 4, source: 1, offset: 4),  // r4 = major
            encode(0x61, destination: 5, source: 1, offset: 8),  // r5 = minor
        ]
        for rule in rules { code += block(for: rule) }
        return code + [encode(0xb7, destination: 0, immediate: 0), encode(0x95)]
    }

    private static func block(for rule: DeviceRule) -> [UInt64] {
        let length = rule.minor == nil ? 7 : 8
        var block: [UInt64] = []
        func skip(_ code: UInt8, _ register: UInt8, _ value: UInt32) {
            block.append(encode(code, destination: register, offset: Int16(length - block.count - 1), immediate: value))
        }
        skip(0x55, 2, rule.isBlock ? 1 : 2)  // another type
        block.append(encode(0xbc, destination: 1, source: 3))
        block.append(encode(0x54, destination: 1, immediate: ~rule.access.rawValue & 7))
        skip(0x55, 1, 0)  // more than is allowed
        skip(0x55, 4, rule.major)
        if let minor = rule.minor { skip(0x55, 5, minor) }
        return block + [encode(0xb7, destination: 0, immediate: 1), encode(0x95)]
    }

    private static func encode(
        _ code: UInt8, destination: UInt8 = 0, source: UInt8 = 0, offset: Int16 = 0, immediate: UInt32 = 0
    ) -> UInt64 {
        UInt64(code) | UInt64(destination | source << 4) << 8 | UInt64(UInt16(bitPattern: offset)) << 16
            | UInt64(immediate) << 32
    }
}
