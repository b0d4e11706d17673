/// What may be done to get an image that was asked for by name, URL or registry.
package enum PullPolicy: String, CaseIterable, Sendable {
    /// Only the store is asked.
    case never
    /// What the store does not have is fetched.
    case new
    /// It is fetched, whatever the store has.
    case update
}
