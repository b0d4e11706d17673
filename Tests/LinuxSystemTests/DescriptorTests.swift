import Glibc
import LinuxSystem
import SystemPackage
import Testing

@Suite struct DescriptorTests {
    @Test func `a failed open names call, path and reason`() {
        let error = #expect(throws: SystemCallError.self) { _ = try Descriptor.open("/no/such/file").raw }
        #expect(error?.description == "open '/no/such/file': No such file or directory")
    }

    @Test func `a file above the limit is refused instead of filling the memory`() {
        let error = #expect(throws: SystemCallError.self) { try readFile("/dev/zero", limit: 10_000) }
        #expect(error?.errno.rawValue == EFBIG)
    }

    @Test func `a path that leaves the directory stays inside it`() throws {
        let directory = try temporaryDirectory()
        defer { try? removeTree(directory) }
        let root = try Descriptor.open(directory, [.directory])
        try root.createFile(Array("inside".utf8), name: "passwd", mode: 0o644)
        #expect(symlink("/../../passwd", directory.appending("link").string) == 0)

        let found = try root.openBeneath("link").readAll()
        #expect(String(decoding: found, as: UTF8.self) == "inside")
        #expect(throws: SystemCallError.self) { _ = try root.openBeneath("../x", confinement: .beneath).raw }
    }

    @Test func `a replaced file is whole and has the mode asked for`() throws {
        let directory = try temporaryDirectory()
        defer { try? removeTree(directory) }
        let file = directory.appending("file")
        try writeFile(Array("one".utf8), to: file, mode: 0o666, durable: false)
        try writeFile(Array("two".utf8), to: file, mode: 0o640, durable: true)

        #expect(try readTextFile(file) == "two")
        #expect(try FileStatus(of: file).permissions == 0o640)
        #expect(try listDirectory(directory) == ["file"])
    }
}

@Suite struct RemoveTreeTests {
    @Test func `a tree deeper than the open files allow is removed, links are not followed`() throws {
        let directory = try temporaryDirectory()
        defer { try? removeTree(directory) }
        try makeDirectory(directory.appending("kept"), mode: 0o755)
        try makeDirectory(directory.appending("tree"), mode: 0o755)
        #expect(symlink("../kept", directory.appending("tree").appending("link").string) == 0)
        var deep = try Descriptor.open(directory.appending("tree"), [.directory])
        for _ in 0..<700 {
            try deep.makeDirectory("d", mode: 0o755)
            let next = try deep.open("d", [.directory])
            deep = next
        }

        try removeTree(directory.appending("tree"))

        #expect(try listDirectory(directory) == ["kept"])
        try removeTree(directory.appending("tree"))
    }
}

@Suite struct ProcessTests {
    @Test func `a lock that somebody holds is not given twice`() throws {
        let directory = try temporaryDirectory()
        defer { try? removeTree(directory) }
        let first = try Descriptor.open(directory, [.directory])
        let second = try Descriptor.open(directory, [.directory])
        #expect(try first.tryLock(.exclusive))
        #expect(try !second.tryLock(.shared))
        try first.unlock()
        #expect(try second.tryLock(.shared))
    }
}

/// A new directory below /tmp; the caller removes it.
func temporaryDirectory() throws -> FilePath {
    let path = FilePath("/tmp/linux-system-tests-\(hexadecimal(try randomBytes(8)))")
    try makeDirectory(path, mode: 0o700)
    return path
}
