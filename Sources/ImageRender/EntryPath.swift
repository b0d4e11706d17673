import ImageArchive

/// A path as a manifest writes it, read as if the tree were the root directory: leading `/`, `.` and
/// doubled `/` mean nothing, `..` goes up and stays at the top.
///
/// Only the spelling is changed; where symlinks lead is for the kernel to decide.
func confinedPath(_ path: some Collection<UInt8>) -> [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(path.count)
    for name in path.split(separator: UInt8(ascii: "/")) {
        if name.elementsEqual(".".utf8) { continue }
        if name.elementsEqual("..".utf8) {
            result.removeLast(result.count - (result.lastIndex(of: UInt8(ascii: "/")) ?? 0))
            continue
        }
        if !result.isEmpty { result.append(UInt8(ascii: "/")) }
        result.append(contentsOf: name)
    }
    return result
}

/// A path of an image archive below its root directory; nothing for what lies elsewhere, such as the manifest.
func pathInRootFileSystem(_ path: String) -> [UInt8]? {
    let bytes = path.utf8
    guard bytes.starts(with: rootFileSystemName.utf8) else { return nil }
    let rest = bytes.dropFirst(rootFileSystemName.utf8.count)
    if rest.isEmpty { return [] }
    return rest.first == UInt8(ascii: "/") ? Array(rest.dropFirst()) : nil
}

/// The directory that holds a path, and the name in it.
func split(_ path: [UInt8]) -> (parent: ArraySlice<UInt8>, name: ArraySlice<UInt8>) {
    guard let slash = path.lastIndex(of: UInt8(ascii: "/")) else { return ([], path[...]) }
    return (path[..<slash], path[(slash + 1)...])
}

/// A path for a person.
func words(_ path: some Collection<UInt8>) -> String { "/" + String(decoding: path, as: UTF8.self) }

/// Bytes with the zero at the end that the kernel wants.
func terminated(_ bytes: some Collection<UInt8>) -> [CChar] {
    var text: [CChar] = []
    text.reserveCapacity(bytes.count + 1)
    for byte in bytes { text.append(CChar(bitPattern: byte)) }
    text.append(0)
    return text
}
