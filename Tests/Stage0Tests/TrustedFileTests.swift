import Glibc
import LinuxSystem
import SystemPackage
import Testing

@testable import Stage0

@Suite struct TrustedFileTests {
    @Test(.enabled(if: getuid() == 0, "needs root to make files that belong to root"))
    func `a file is trusted when only root can have put it there`() throws {
        let directory = FilePath("/tmp/stage0-tests-\(hexadecimal(try randomBytes(8)))")
        try makeDirectory(directory, mode: 0o755)
        defer { try? removeTree(directory) }  // nothing of a test is worth failing for afterwards
        let file = directory.appending("stage1-ns.aci")
        try writeFile([1], to: file, mode: 0o644, durable: false)
        try checkOnlyRootCanWrite(file)

        try #require(chmod(file.string, 0o664) == 0)
        #expect(throws: TrustError.writableByOthers(file)) { try checkOnlyRootCanWrite(file) }
        try #require(chmod(file.string, 0o644) == 0)
        try #require(chmod(directory.string, 0o777) == 0)
        #expect(throws: TrustError.writableByOthers(directory)) { try checkOnlyRootCanWrite(file) }
        try #require(chmod(directory.string, 0o755) == 0)
        try #require(chown(directory.string, 1000, 0) == 0)
        #expect(throws: TrustError.notRoots(directory)) { try checkOnlyRootCanWrite(file) }
    }

    @Test func `durations read as Go prints them`() {
        #expect(goDuration(.seconds(1800)) == "30m0s")
        #expect(goDuration(.zero) == "0s")
        #expect(goDuration(.milliseconds(1500)) == "1.5s")
        #expect(goDuration(.milliseconds(20)) == "20ms")
        #expect(goDuration(.seconds(86400)) == "24h0m0s")
    }
}
