import Glibc
import LinuxSystem
import Stage1Interface
import SystemPackage

/// Gives stage1's root the time zone of the host: the link `/etc/localtime` and the file that it leads to.
///
/// A host whose `/etc/localtime` is missing or no link below `/usr/share/zoneinfo` has no zone with a name, and nothing is
/// made.
///
/// Source: rkt 1.30.0, stage1/init/init.go, `mirrorLocalZoneInfo`.
package func mirrorTimeZone() throws {
    guard let zone = try zoneOfHost() else { return }
    try explaining("cannot take over the host's time zone") {
        let root = Stage1ABI.Path.stage1Root
        let copy = root.pushing(FilePath(String(zone.string.dropFirst())))
        try makeDirectories(copy.removingLastComponent(), mode: 0o755)
        try writeFile(readFile(zone), to: copy, mode: 0o644, durable: false)
        let link = root.appending("etc/localtime")
        unlink(link.string)
        try check("symlink", "'\(link)'") { symlink(zone.string, link.string) }
    }
}

private let zones: FilePath = "/usr/share/zoneinfo"

private func zoneOfHost() throws(SystemCallError) -> FilePath? {
    var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
    let length = readlink("/etc/localtime", &buffer, buffer.count)
    if length <= 0 { return nil }
    let text = String(decoding: buffer.prefix(length).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    let zone = FilePath("/etc").pushing(FilePath(text)).lexicallyNormalized()
    return zone.starts(with: zones) && zone != zones && exists(zone) ? zone : nil
}
