import LinuxSystem
import Testing

@Suite struct FileCapabilitiesTests {
    private let users = UserRange(shift: 0x0102_0000, count: 65536)
    /// CAP_NET_BIND_SERVICE, permitted and effective, as setcap writes it.
    private let value: [UInt8] = [1, 0, 0, 2, 0, 4, 0, 0] + [UInt8](repeating: 0, count: 12)

    @Test func `those of an image name the namespace's root inside, and come back as they were`() {
        let inside = FileCapabilities.inside(users, value)
        #expect(inside == [1, 0, 0, 3, 0, 4, 0, 0] + [UInt8](repeating: 0, count: 12) + [0, 0, 2, 1])
        #expect(FileCapabilities.outside(users, inside) == value)
    }

    @Test func `what is in another form, or for another namespace, stays`() {
        let stranger = FileCapabilities.inside(UserRange(shift: 65536, count: 65536), value)
        for other in [[], [1, 2, 3], stranger, [UInt8](repeating: 2, count: 12)] {
            #expect(FileCapabilities.inside(users, other) == other)
            #expect(FileCapabilities.outside(users, other) == other)
        }
        #expect(FileCapabilities.outside(users, value) == value)
    }
}
