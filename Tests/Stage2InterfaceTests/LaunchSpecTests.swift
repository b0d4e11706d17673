import Stage2Interface
import Testing

@Suite struct LaunchSpecTests {
    private var spec: LaunchSpec {
        var spec = LaunchSpec(arguments: ["/bin/app", "", "ü\n"], environment: ["A=1"], user: 7, group: .max)
        spec.root = "/opt/stage2/app/rootfs"
        spec.searchPath = ["/bin", "/usr/bin"]
        spec.supplementaryGroups = [1, 2]
        spec.capabilities = 0x8000_0000_0000_0001
        spec.ambientCapabilities = 1 << 13
        spec.noNewPrivileges = true
        spec.seccompFilter = [1, 2, 3, 4, 5, 6, 7, 8]
        spec.limits = [LaunchSpec.ResourceLimit(resource: 7, soft: 1024, hard: .max)]
        return spec
    }

    @Test func `what is written is read back`() throws {
        #expect(try LaunchSpec(decoding: spec.encoded) == spec)
        var plain = LaunchSpec(arguments: ["a"], environment: [], user: 0, group: 0)
        #expect(try LaunchSpec(decoding: plain.encoded) == plain)
        plain.capabilities = 0
        #expect(try LaunchSpec(decoding: plain.encoded).capabilities == 0)
    }

    @Test func `no truncation is taken for a specification`() {
        let bytes = spec.encoded
        for length in bytes.indices {
            #expect(throws: LaunchSpecError.truncated) { try LaunchSpec(decoding: Array(bytes.prefix(length))) }
        }
        #expect(throws: LaunchSpecError.trailingBytes) { try LaunchSpec(decoding: bytes + [0]) }
    }
}
