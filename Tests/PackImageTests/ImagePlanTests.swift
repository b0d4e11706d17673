import ImageArchive
import LinuxSystem
import SystemPackage
import Testing

@testable import PackImage

@Suite struct ImagePlanTests {
    private func plan(_ words: String...) throws -> [ImagePlan.Item] {
        try ImagePlan(PackOptions(words), seconds: 7).items
    }

    private func paths(_ items: [ImagePlan.Item]) -> [String] { items.map(\.entry.path) }

    @Test func `the order of options does not matter`() throws {
        let one = try plan("--mkdir", "b", "--symlink", "a=b", "--mkdir", "c")
        let other = try plan("--mkdir", "c", "--mkdir", "b", "--symlink", "a=b")
        #expect(one.map(\.entry) == other.map(\.entry))
        #expect(paths(one) == ["rootfs", "rootfs/a", "rootfs/b", "rootfs/c"])
    }

    @Test func `directories that lead to an entry are added, owned by root, with the one time`() throws {
        let items = try plan("--mkdir", "/opt/stage2/")
        #expect(paths(items) == ["rootfs", "rootfs/opt", "rootfs/opt/stage2"])
        for item in items {
            #expect(item.entry.mode == 0o755)
            #expect(item.entry.user == 0 && item.entry.group == 0)
            #expect(item.entry.modificationTime == 7_000_000_000)
        }
    }

    @Test func `a hard link comes after what it points to`() throws {
        let items = try plan("--link", "a=z", "--add", "z=/proc/self/exe:4755")
        #expect(paths(items) == ["rootfs", "rootfs/z", "rootfs/a"])
        #expect(items[1].entry.mode == 0o4755)
        #expect(items[2].entry.content == .hardLink(target: "rootfs/z"))
    }

    @Test(arguments: [
        (["--mkdir", "a/../b"], "'a/../b' is no path in an image"),
        (["--mkdir", "/"], "'/' is no path in an image"),
        (["--symlink", "a=b", "--symlink", "a=c"], "'rootfs/a' is given twice"),
        (["--symlink", "a=b", "--symlink", "a/b=c"], "'rootfs/a' is no directory"),
        (["--link", "a=b"], "'a' is a link to 'b', which is no file of the image"),
        (["--add", "a=/proc"], "'/proc' is not a regular file"),
        (["--mkdir"], "'--mkdir' needs a value"),
        (["--link", "a"], "'a' is not in NAME=VALUE format"),
        (["--tree", "/", "--mkdir", "a"], "'--tree' packs a directory as it is and takes nothing else"),
    ])
    func `what cannot be packed is refused`(words: [String], sentence: String) throws {
        let error = #expect(throws: Failure.self) { _ = try ImagePlan(PackOptions(words), seconds: 0) }
        #expect(error?.message.split(separator: "\n").first.map(String.init) == sentence)
    }
}
