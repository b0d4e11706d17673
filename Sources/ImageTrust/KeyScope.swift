package import AppContainer

/// What a key vouches for: everything, or names that have a prefix.
package enum KeyScope: Equatable, Hashable, Sendable {
    case root
    case prefix(ACIdentifier)

    /// For sentences: `for prefix 'example.com'`, `for everything`.
    package var phrase: String {
        switch self {
        case .root: "for everything"
        case .prefix(let prefix): "for prefix '\(prefix)'"
        }
    }

    /// The directory below `trustedkeys`, as its elements.
    func directory() throws(KeyStoreError) -> [String] {
        switch self {
        case .root: ["root.d"]
        case .prefix(let prefix): ["prefix.d"] + (try pathElements(of: prefix))
        }
    }
}

/// The elements of a name between its slashes, each of which can be the name of a directory.
///
/// An identifier may contain `..` or nothing at all between slashes; no key can be stored for such a one.
func pathElements(of name: ACIdentifier) throws(KeyStoreError) -> [String] {
    let elements = name.rawValue.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
    for element in elements where element.isEmpty || element == "." || element == ".." || element.utf8.count > 255 {
        throw .unsuitablePrefix(name.rawValue)
    }
    return elements
}
