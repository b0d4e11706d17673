import AppContainer
import Testing

@Suite struct ProcessLimitTests {
    @Test(arguments: [
        ("nofile=1024", ProcessLimit.Resource.nofile, UInt64(1024), UInt64(1024), "1024"),
        ("nofile=1024:4096", .nofile, 1024, 4096, "1024:4096"),
        ("core=unlimited", .core, .max, .max, "unlimited"),
        ("core=0:unlimited", .core, 0, .max, "0:unlimited"),
        ("as=1048576", .addressSpace, 1 << 20, 1 << 20, "1048576"),
        ("rttime=18446744073709551614", .rttime, .max - 1, .max - 1, "18446744073709551614"),
    ])
    func `limits are exact`(
        text: String, resource: ProcessLimit.Resource, soft: UInt64, hard: UInt64, value: String
    ) throws {
        let limit = try ProcessLimit(parsing: text)
        #expect(limit.resource == resource)
        #expect(limit.soft == soft)
        #expect(limit.hard == hard)
        #expect(limit.value == value)
    }

    @Test(arguments: [
        "nofile", "nofile=", "nofile=:", "nofile=1:", "nofile=:1", "nofile=1:2:3", "nofile=-1", "nofile=+1",
        "nofile= 1", "nofile=0x10", "nofile=1k", "nofile=18446744073709551615", "nofile=99999999999999999999",
        "nofile=Unlimited", "NOFILE=1", "=1", "RLIMIT_NOFILE=1", "nofile=2:1", "as=4096", "stack=0:unlimited",
    ])
    func `anything else is refused`(text: String) {
        #expect(throws: ProcessLimitError.self) { try ProcessLimit(parsing: text) }
    }

    @Test func `numbers are the kernel's`() {
        let numbers: [ProcessLimit.Resource: UInt32] = [
            .cpu: 0, .stack: 3, .core: 4, .nproc: 6, .nofile: 7, .memlock: 8, .addressSpace: 9, .nice: 13, .rttime: 15,
        ]
        for (resource, number) in numbers {
            #expect(resource.number == number)
            #expect(ProcessLimit.Resource(number: number) == resource)
        }
        #expect(ProcessLimit.Resource(number: 16) == nil)
    }
}
