import AppContainer
import LinuxSystem
import SystemPackage
import Testing

@testable import Pods

@Suite struct UserRangeAllocationTests {
    let scratch: ScratchDirectory
    let store: PodStore

    init() throws {
        scratch = try ScratchDirectory()
        store = PodStore(dataDirectory: scratch.path.appending("data"))
    }

    private func reserve(start: UInt32, host: HostUsers = HostUsers()) throws -> UserRange {
        try store.reserveUsers(for: store.create(), host: host, start: start)
    }

    @Test func `a pod keeps its range, and it is written as the original writes it`() throws {
        let pod = try store.create()
        #expect(try pod.users() == nil)
        let range = try store.reserveUsers(for: pod, host: HostUsers(), start: 41)
        #expect(range == UserRange(shift: 42 * 65536, count: 65536))
        #expect(try pod.users() == range)
        #expect(try readTextFile(pod.path.appending("private-users-prepared")) == "2752512:65536")
    }

    @Test func `two pods never have the same range, wherever they are in their lives`() throws {
        let first = try store.create()
        _ = try store.reserveUsers(for: first, host: HostUsers(), start: 0)
        try first.finishPreparing()
        #expect(try reserve(start: 0).shift == 2 * 65536)
        let runner = try store.pod(first.id)
        try runner.startRunningPrepared()
        #expect(try reserve(start: 0).shift == 3 * 65536)
        try runner.descriptor.unlock()
        try store.pod(first.id).markExited()
        #expect(try reserve(start: 0).shift == 4 * 65536)
    }

    @Test func `a range is free again when its pod is deleted`() throws {
        let pod = try store.create()
        _ = try store.reserveUsers(for: pod, host: HostUsers(), start: 0)
        #expect(try reserve(start: 0).shift == 2 * 65536)
        try pod.delete()
        #expect(try reserve(start: 0).shift == 65536)
    }

    @Test func `the host's users are left alone`() throws {
        let host = HostUsers(
            passwd: "root:x:0:0::/:\nbig:x:65537:65537::/:\nnonsense\n::::\n", group: "g:x:200000:\n",
            subordinate: ["alice:262144:65536\nbob:327680:1\n", "carol:393215:2\nbad:x:y\nempty:999999:0\n"])
        #expect(host.blocks == [0, 1, 3, 4, 5, 6])
        #expect(try reserve(start: 0, host: host).shift == 2 * 65536)
        #expect(try reserve(start: 2, host: host).shift == 7 * 65536)
    }

    @Test func `a range that overlaps two blocks takes both`() {
        #expect(UserBlock.touched(from: 65536, count: 65536) == 1...1)
        #expect(UserBlock.touched(from: 65537, count: 65536) == 1...2)
        #expect(UserBlock.touched(from: 0, count: 0) == nil)
        #expect(UserBlock.touched(from: 4_294_967_295, count: .max) == 65535...65535)
        #expect(UserBlock.touched(from: 1, count: .max) == 0...65535)
        #expect(UserBlock.touched(from: .max, count: 1) == nil)
    }

    @Test func `the search goes round once and ends`() {
        let all = Set(UserBlock.all)
        #expect(UserBlock.free(from: .max, taken: all) == nil)
        for free: UInt32 in [1, 2, 0x7ffe, 0x7fff] {
            for start: UInt32 in [0, 1, 0x7ffe, 0x7fff, .max] {
                #expect(UserBlock.free(from: start, taken: all.subtracting([free])) == free)
            }
        }
        let last = UserBlock.range(0x7fff)
        #expect(last.shift + (last.count - 1) == 2_147_483_647)
    }

    @Test func `when all ranges are taken the way out is named`() throws {
        let everything = HostUsers(subordinate: ["all:0:4294967295\n"])
        let error = #expect(throws: NoFreeUsers.self) { try reserve(start: 0, host: everything) }
        #expect(error?.description.hasSuffix("clear pods that have ended with 'rkt gc'") == true)
    }

    @Test func `a file that nobody can read stops the search instead of being passed over`() throws {
        let pod = try store.create()
        try pod.descriptor.createFile(Array("nonsense".utf8), name: "private-users-prepared", mode: 0o640)
        #expect(throws: Failure.self) { try reserve(start: 0) }
        #expect(throws: Failure.self) { try pod.users() }
    }

    /// Every call opens the lock file anew, which is what two processes would do.
    @Test func `many that ask at once get different ranges`() async throws {
        try store.makeDirectories()
        let store = store
        let ranges = try await withThrowingTaskGroup(of: UserRange.self) { group in
            for _ in 0..<24 {
                group.addTask { try store.reserveUsers(for: store.create(), host: HostUsers(), start: 0) }
            }
            return try await group.reduce(into: [UserRange]()) { $0.append($1) }
        }
        #expect(ranges.map(\.shift).sorted() == (1...24).map { UInt32($0) * 65536 })
    }
}
