/// What to do about one image that was asked for.
enum FetchDecision: Equatable {
    /// The store has it.
    case useStored
    /// It is read from the file that it is in.
    case readLocally
    /// A server is asked where it is, and then for it.
    case discover
    /// A server is asked for it.
    case download
    /// There is no way to get it.
    case giveUp

    /// Pure: decides by the kind of reference, the policy, and whether the store has an image for it.
    ///
    /// Source: rkt 1.30.0, rkt/image/fetcher.go.
    init(for reference: ImageReference, _ policy: PullPolicy, isStored: Bool) {
        switch reference {
        case .file, .layout: self = .readLocally
        case .hash: self = isStored ? .useStored : .giveUp
        case .name, .archive, .registry:
            switch policy {
            case .never: self = isStored ? .useStored : .giveUp
            case .new where isStored: self = .useStored
            case .new, .update: if case .name = reference { self = .discover } else { self = .download }
            }
        }
    }
}
