import LinuxSystem
import Stage1Kit
import SystemPackage

/// What a volume shows, hanging nowhere yet.
///
/// With `users` files of the host have the owners in the pod that they have on the host: what is root's there is root's
/// here, and what the pod's user 5 writes belongs to user 5. Empty volumes are the pod's own; the owners of their files on
/// the disk are those that the pod's users have outside.
func volumeTree(_ volume: VolumeMount, users: UserNamespace? = nil) throws -> DetachedMount {
    let path = try volume.hostPath(users: users?.range)
    do {
        var recursive = true
        if case .host(_, let wanted?) = volume.source { recursive = wanted }
        let tree = try DetachedMount(copying: path, recursive: recursive)
        if let users, case .host = volume.source { try shiftOwners(of: tree, by: users) }
        return tree
    } catch let error as SystemCallError where error.call == "open_tree" {
        throw Failure("Failed to stat \(path): \(error.errno)")
    } catch {
        throw Failure("cannot use volume source '\(path)'", cause: error)
    }
}

private func shiftOwners(of tree: borrowing DetachedMount, by users: UserNamespace) throws {
    do {
        try tree.shiftOwners(by: users)
    } catch {
        guard error.errno == .invalidArgument else { throw error }
        throw Failure(
            "a pod with private users cannot have it, because its file system, or one mounted below it, cannot be "
                + "mounted with other owners; recursive=false leaves out what is mounted below")
    }
}
