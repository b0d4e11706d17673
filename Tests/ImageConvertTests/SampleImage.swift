import TestSupport
import Testing

/// An image to compare, by the layers that make it.
struct SampleImage: CustomTestStringConvertible, Sendable {
    let name: String
    let layers: [[TarEntry]]
    let packing: Packing
    /// Directories that no layer describes: `/a/b`.
    var implied: Set<String> = []

    var testDescription: String { name }

    init(_ name: String, _ layers: [[TarEntry]], packing: Packing = .gzip, implied: Set<String> = []) {
        (self.name, self.layers, self.packing, self.implied) = (name, layers.map { Self.top + $0 }, packing, implied)
    }

    /// Every layer describes the root: umoci does not keep its time otherwise.
    private static let top: [TarEntry] = [.directory("./").with { $0.time = 1_234_567_890 }]
}

extension SampleImage {
    static let all: [SampleImage] = written + (1...8).map(random)

    private static let base: [TarEntry] = [
        .directory("bin"), .directory("etc", mode: 0o750), .directory("var", mode: 0o1777), .directory("var/lib"),
        .file("bin/su", "su", mode: 0o4755), .file("bin/wall", "wall", mode: 0o2755), .file("etc/passwd", "root:x:0:0"),
        .file("etc/shadow", "root:!", mode: 0o600).with { ($0.user, $0.group) = (0, 42) }, .symlink("sh", to: "bin/su"),
        .file("var/lib/a", "a").with { $0.time = 1 }, .file("var/lib/b", "b"), .directory("var/lib/d", mode: 0o700),
        .file("var/lib/d/x", "x"), .file("var/lib/d/y", "y"),
    ]

    private static let written: [SampleImage] = [
        SampleImage("one layer", [base]),
        SampleImage("plain tar", [base, [.file("etc/passwd", "changed")]], packing: .plain),
        SampleImage("whiteouts", [base, [.file("etc/.wh.shadow"), .file("var/lib/.wh.d"), .file(".wh.sh")]]),
        SampleImage(
            "opaque",
            [base, [.directory("var/lib/d", mode: 0o711), .file("var/lib/d/.wh..wh..opq"), .file("var/lib/d/z")]]),
        SampleImage("opaque after its content", [base, [.file("var/lib/d/z"), .file("var/lib/d/.wh..wh..opq")]]),
        SampleImage(
            "whiteout of a directory that the layer has",
            [base, [.file(".wh.var"), .directory("var"), .file("var/n", "n")]]),
        SampleImage(
            "whiteout and back",
            [base, [.file("bin/.wh.su")], [.file("bin/su", "again")], [.file("bin/.wh.su"), .file("bin/.wh.wall")]]),
        SampleImage(
            "types change",
            [
                base,
                [
                    .file("var", "file"), .directory("sh"), .file("sh/x", "x"), .symlink("etc", to: "/bin"),
                    .fifo("bin/su"),
                ],
                [.device("bin/su", 1, 3), .directory("var", mode: 0o711)],
            ]),
        SampleImage(
            "hard links across layers",
            [
                base,
                [
                    .hardLink("bin/sudo", to: "bin/su"), .hardLink("etc/p", to: "etc/passwd"),
                    .hardLink("etc/s", to: "/etc/shadow"),
                ],
                [.file("bin/.wh.su"), .file("etc/.wh.passwd"), .hardLink("etc/q", to: "etc/p")], [.file("etc/.wh.s")],
            ]),
        SampleImage(
            "a file with other names is replaced",
            [base + [.hardLink("bin/sudo", to: "bin/su")], [.file("bin/su", "newer")], [.file("bin/sudo", "newest")]]),
        SampleImage(
            "symlinked parents",
            [
                base,
                [
                    .symlink("lib", to: "var/lib"), .symlink("v", to: "/var/../var"),
                    .symlink("out", to: "../../../var"),
                ],
                [.file("lib/new", "n"), .file("v/lib/.wh.a"), .file("out/lib/d/.wh.x"), .hardLink("hb", to: "lib/b")],
                [.symlink("a", to: "b"), .symlink("b", to: "c"), .directory("c"), .file("a/x", "through two")],
            ]),
        SampleImage(
            "devices and fifos",
            [
                [.device("null", 1, 3), .device("disk", block: true, 8, 17), .fifo("p")],
                [.hardLink("null2", to: "null")],
            ]),
        SampleImage(
            "attributes",
            [
                [
                    .file("f", "f").attribute("user.one", [1, 0, 2]).attribute("user.two", []),
                    .directory("d").attribute("user.dir", Array("x".utf8)),
                    .file("ping", "p", mode: 0o755).attribute(
                        "security.capability", [1, 0, 0, 2, 0, 32, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
                ],
                [.file("f", "g").attribute("user.three", [3])],
            ]),
        SampleImage(
            "owners, times and long names",
            [
                [
                    .file("owner", "o").with { ($0.user, $0.group) = (1_000_000, 4_000_000_000) },
                    .file("time", "t").with {
                        $0.records = [(key: "mtime", value: Array("1600000000.123456789".utf8))]
                    },
                    .symlink("link", to: String(repeating: "t/", count: 150)).with { ($0.user, $0.group) = (7, 8) },
                    .directory(String(repeating: "n", count: 200)),
                    .file(String(repeating: "n", count: 200) + "/" + String(repeating: "m", count: 255), "long"),
                    .file("ümläut", "u"),
                ]
            ]),
    ]
}

extension SampleImage {
    /// A few layers of many entries, always the same for a number.
    private static func random(_ seed: Int) -> SampleImage {
        var dice = Dice(UInt64(seed))
        var tree = ["": Kind.directory]
        var layers: [[TarEntry]] = []
        for _ in 0..<4 {
            var layer: [TarEntry] = []
            var own: Set<String> = []
            for _ in 0..<60 {
                let directories = tree.filter { $0.value == .directory }.keys.sorted()
                let parent = directories[dice.roll(directories.count)]
                // Few names, so that they meet again; not deep.
                let path = (parent.isEmpty ? "" : parent + "/") + "n\(dice.roll(12))"
                if path.utf8.count > 24 || own.contains(path) { continue }
                let hidden = tree.keys.filter { $0 == path || $0.hasPrefix(path + "/") }
                if own.contains(where: { $0.hasPrefix(path + "/") }) { continue }
                own.insert(path)
                func forget() { for name in hidden { tree[name] = nil } }
                let owner = UInt64(dice.roll(3) * 500)
                let time = 1_000_000_000 + UInt64(dice.roll(1_000_000))
                func add(_ entry: TarEntry) {
                    layer.append(entry.with { ($0.user, $0.group, $0.time) = (owner, owner / 2, time) })
                }
                switch dice.roll(10) {
                case 0...3:
                    forget()
                    tree[path] = .file
                    add(.file(path, "\(seed).\(layer.count)", mode: [0o644, 0o755, 0o4711][dice.roll(3)]))
                case 4, 5:
                    if tree[path] != .directory { forget() }
                    tree[path] = .directory
                    add(.directory(path, mode: [0o755, 0o700, 0o1777][dice.roll(3)]))
                case 6:
                    forget()
                    tree[path] = .other
                    add(.symlink(path, to: ["n1", "/n2/n3", "../n4"][dice.roll(3)]))
                case 7:
                    let files = tree.filter {
                        $0.value == .file && $0.key != path && !$0.key.hasPrefix(path + "/")
                    }
                    if files.isEmpty { continue }
                    let target = files.keys.sorted()[dice.roll(files.count)]
                    forget()
                    tree[path] = .file
                    add(.hardLink(path, to: target))
                case 8:
                    if tree[path] == nil { continue }
                    forget()
                    add(.file((parent.isEmpty ? "" : parent + "/") + ".wh.\(path.split(separator: "/").last ?? "")"))
                default:
                    forget()
                    tree[path] = .other
                    add(.fifo(path))
                }
            }
            layers.append(layer)
        }
        return SampleImage("random \(seed)", layers)
    }

    private enum Kind { case directory, file, other }

    /// Numbers that look random and are always the same.
    private struct Dice {
        private var state: UInt64
        init(_ seed: UInt64) { state = seed &* 0x9e37_79b9_7f4a_7c15 | 1 }

        mutating func roll(_ sides: Int) -> Int {
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            return Int(state >> 33) % sides
        }
    }
}
