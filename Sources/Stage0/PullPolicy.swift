/// What may be done to get an image that was asked for by name.
package enum PullPolicy: Sendable {
    /// Only the store is asked.
    case never
    /// What the store does not have is fetched.
    case new
    /// It is fetched, whatever the store has.
    case update
}

/// Why an image cannot be had.
package enum ImageLookupError: Error, Equatable, CustomStringConvertible {
    case unsigned(String)
    case notAvailableYet(String)

    package var description: String {
        switch self {
        case .unsigned(let image):
            "cannot verify image '\(image)': signatures are not available yet; use --insecure-options=image to do without"
        case .notAvailableYet(let image): "fetching '\(image)' is not available yet"
        }
    }
}
