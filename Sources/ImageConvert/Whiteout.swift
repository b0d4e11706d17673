/// A name in a layer that stands for the absence of something in lower layers.
///
/// Source: OCI image-spec 1.1, layer.md, "Whiteouts" and "Opaque Whiteout".
enum Whiteout: Equatable {
    /// Nothing of lower layers is in the directory.
    case opaque
    /// This name of lower layers is not in the directory.
    case name(ArraySlice<UInt8>)
    /// What AUFS kept for itself in old images.
    case ignored

    private static let prefix = Array(".wh.".utf8)
    private static let reserved = Array(".wh..wh.".utf8)
    private static let opaqueName = Array(".wh..wh..opq".utf8)

    /// `nil` when the entry is what its name says.
    ///
    /// Names that would hide `.`, `..` or nothing, and files in a directory whose name is that of a whiteout, are errors.
    init?(parent: ArraySlice<UInt8>, name: ArraySlice<UInt8>) throws(ConversionError) {
        var hasWhiteoutAbove = false
        if parent.starts(with: Self.prefix) || Self.occurs(in: parent) {
            for component in parent.split(separator: UInt8(ascii: "/")) {
                if component.starts(with: Self.reserved) {
                    self = .ignored
                    return
                }
                if component.starts(with: Self.prefix) { hasWhiteoutAbove = true }
            }
        }
        if hasWhiteoutAbove { throw .badWhiteout(path: Self.place(parent, name)) }
        guard name.starts(with: Self.prefix) else { return nil }
        if name.elementsEqual(Self.opaqueName) {
            self = .opaque
        } else if name.starts(with: Self.reserved) {
            self = .ignored
        } else {
            let hidden = name.dropFirst(Self.prefix.count)
            if hidden.isEmpty || hidden.elementsEqual(".".utf8) || hidden.elementsEqual("..".utf8) {
                throw .badWhiteout(path: Self.place(parent, name))
            }
            self = .name(hidden)
        }
    }

    /// Whether a component after the first one starts like a whiteout.
    private static func occurs(in path: ArraySlice<UInt8>) -> Bool {
        var rest = path
        while let slash = rest.firstIndex(of: UInt8(ascii: "/")) {
            rest = rest[(slash + 1)...]
            if rest.starts(with: prefix) { return true }
        }
        return false
    }

    private static func place(_ parent: ArraySlice<UInt8>, _ name: ArraySlice<UInt8>) -> String {
        text(parent.isEmpty ? name : parent + [UInt8(ascii: "/")] + name)
    }
}
