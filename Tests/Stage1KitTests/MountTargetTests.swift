import Glibc
import LinuxSystem
import Stage1Kit
import SystemPackage
import Testing

@Suite struct MountTargetTests {
    @Test func `missing directories and files are made inside the root, also where a link leads nowhere`() throws {
        let top = FilePath("/tmp/mount-target-tests-\(hexadecimal(try randomBytes(8)))")
        try makeDirectory(top, mode: 0o755)
        defer { try? removeTree(top) }
        let root = try Descriptor.open(top, [.directory])
        #expect(symlink("/not/there", top.appending("data").string) == 0)
        #expect(symlink("../../../up", top.appending("above").string) == 0)

        _ = try openMountTarget("/data/logs", below: root, isDirectory: true).raw
        _ = try openMountTarget("/above", below: root, isDirectory: false).raw
        _ = try openMountTarget("/a/b/../c", below: root, isDirectory: false).raw

        #expect(try FileStatus(of: top.appending("not/there/logs")).kind == .directory)
        #expect(try FileStatus(of: top.appending("up")).kind == .file)
        #expect(try FileStatus(of: top.appending("a/c")).kind == .file)
        #expect(try listDirectory(top) == ["a", "above", "data", "not", "up"])
    }

    @Test func `links in a circle are an error`() throws {
        let top = FilePath("/tmp/mount-target-tests-\(hexadecimal(try randomBytes(8)))")
        try makeDirectory(top, mode: 0o755)
        defer { try? removeTree(top) }
        let root = try Descriptor.open(top, [.directory])
        #expect(symlink("b", top.appending("a").string) == 0)
        #expect(symlink("a", top.appending("b").string) == 0)
        let error = #expect(throws: SystemCallError.self) {
            _ = try openMountTarget("/a", below: root, isDirectory: true).raw
        }
        #expect(error?.errno == .tooManySymbolicLinkLevels)
    }

    @Test func `what rules forbid is neither made nor covered`() throws {
        let top = FilePath("/tmp/mount-target-tests-\(hexadecimal(try randomBytes(8)))")
        try makeDirectory(top, mode: 0o755)
        defer { try? removeTree(top) }
        let root = try Descriptor.open(top, [.directory])
        #expect(symlink("/", top.appending("up").string) == 0)
        var rules = MountTargetRules()
        rules.places = [try FileStatus(of: root)]
        for path in ["/", "/up", "/up/../up"] {
            let error = #expect(throws: SystemCallError.self) {
                _ = try openMountTarget(path, below: root, isDirectory: true, rules: rules).raw
            }
            #expect(error?.errno == .notPermitted, "\(path)")
        }
        _ = try openMountTarget("/made", below: root, isDirectory: true, rules: rules).raw

        rules.mounts = [try FileStatus(of: root).mountID &+ 1_000_000]
        let error = #expect(throws: SystemCallError.self) {
            _ = try openMountTarget("/elsewhere", below: root, isDirectory: true, rules: rules).raw
        }
        #expect(error?.errno == .notPermitted)
        #expect(try listDirectory(top) == ["made", "up"])
    }

    @Test func `a directory is made in one step with its mode`() throws {
        let top = FilePath("/tmp/mount-target-tests-\(hexadecimal(try randomBytes(8)))")
        try makeDirectory(top, mode: 0o755)
        defer { try? removeTree(top) }
        let root = try Descriptor.open(top, [.directory])
        try root.makeNewDirectory("shared", mode: 0o1777)
        #expect(try FileStatus(of: top.appending("shared")).permissions == 0o1777)
        #expect(throws: SystemCallError.self) { try root.makeNewDirectory("shared", mode: 0o700) }
    }
}
