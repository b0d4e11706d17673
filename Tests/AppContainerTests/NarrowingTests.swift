import AppContainer
import Testing

@Suite struct NarrowingTests {
    private func isolators(_ isolators: Isolator...) -> (isolators: [Isolator], refusals: [String]) {
        var app = App(exec: ["/bin/true"])
        app.isolators = isolators
        let (result, refusals) = narrowed(app)
        return (result.isolators, refusals)
    }

    @Test func `capabilities beyond the default are refused`() {
        let result = isolators(.capabilitiesRetain(["CAP_SYS_ADMIN", "CAP_KILL", "CAP_CHOWN"]))
        #expect(result.isolators == [.capabilitiesRetain(["CAP_CHOWN", "CAP_KILL"])])
        #expect(
            result.refusals
                == ["the image asks for capabilities CAP_SYS_ADMIN, which only the user can grant, ignoring"])
    }

    @Test func `an image that wants only forbidden capabilities gets none`() {
        let result = isolators(.capabilitiesRetain(["CAP_SYS_ADMIN", "ALL", "cap_kill\u{1b}[0m"]))
        #expect(result.isolators == [.capabilitiesRemove(DefaultSandbox.capabilities)])
        #expect(result.refusals.first?.contains("\u{1b}") == false)
    }

    @Test func `system calls beyond the default are refused`() throws {
        let result = try isolators(.seccompRetain(SeccompSet(["read", "mount", "@systemd/mount"], errno: "EPERM")))
        #expect(
            try result.isolators == [.seccompRetain(SeccompSet(["read", "chroot"].sorted { $0 > $1 }, errno: "EPERM"))])
        #expect(result.refusals.count == 1)
    }

    @Test func `all system calls are refused and leave the default`() throws {
        let result = try isolators(.seccompRetain(SeccompSet(["read", "@appc.io/all"])))
        #expect(result.isolators.isEmpty)
        #expect(result.refusals.count == 1)
    }

    @Test(arguments: ["@appc.io/empty", "@no/such-group", "mount"])
    func `a set to retain of nothing allowed stays a set`(name: String) throws {
        let result = try isolators(.seccompRetain(SeccompSet([name])))
        #expect(try result.isolators == [.seccompRetain(SeccompSet(["exit"]))])
    }

    @Test func `a set to remove becomes what remains of the default`() throws {
        let result = try isolators(.seccompRemove(SeccompSet(["chroot", "@systemd/network-io", "mount"])))
        guard case .seccompRetain(let set) = result.isolators.first else { throw Missing() }
        #expect(Set(set.set).isSubset(of: DefaultSandbox.seccompWhitelist))
        #expect(Set(set.set).isDisjoint(with: ["chroot", "socket", "mount"]))
        #expect(set.set.contains("read"))
        #expect(result.refusals.isEmpty)
    }

    @Test(arguments: ["@docker/default-blacklist", "@appc.io/empty", "reboot"])
    func `removing what the default does not have leaves the default`(name: String) throws {
        #expect(try isolators(.seccompRemove(SeccompSet([name]))).isolators.isEmpty)
    }

    @Test func `privileges and protection from the out-of-memory killer are refused`() {
        let result = isolators(
            .noNewPrivileges(false), .oomScoreAdjust(-1), .oomScoreAdjust(500), .noNewPrivileges(true))
        #expect(result.isolators == [.oomScoreAtLeast(500), .noNewPrivileges(true)])
        #expect(result.refusals.count == 1)
        #expect(isolators(.oomScoreAtLeast(7)).isolators == [.oomScoreAtLeast(7)])
    }

    @Test func `limits are bounded by what there is anyway, ambient capabilities refused`() throws {
        let limit = try ProcessLimit(parsing: "nofile=unlimited")
        let result = isolators(.processLimits([limit]), .capabilitiesAmbient(["CAP_NET_RAW"]))
        #expect(result.isolators == [.processLimitsAtMost([limit])])
        #expect(
            result.refusals
                == ["the image asks for ambient capabilities CAP_NET_RAW, which only the user can grant, ignoring"])
    }

    @Test func `what narrows is kept`() throws {
        let limits = ResourceLimits(limit: try Quantity("16M"))
        let kept: [Isolator] = [
            .memory(limits), .cpu(limits), .capabilitiesRemove(["CAP_KILL"]), .cpuShares(10), .pids(limits),
        ]
        var app = App(exec: [])
        app.isolators = kept
        #expect(narrowed(app).app == app)
        #expect(narrowed(app).refusals.isEmpty)
    }

    private struct Missing: Error {}
}

@Suite struct DefaultSandboxTests {
    @Test func `lists have no doubles and do not contradict each other`() {
        let white = Set(DefaultSandbox.seccompWhitelist)
        #expect(white.count == DefaultSandbox.seccompWhitelist.count)
        #expect(DefaultSandbox.classicWhitelist.count == 309)
        #expect(DefaultSandbox.seccompBlacklist.count == 50)
        #expect(DefaultSandbox.capabilities.count == 14)
        #expect(white.isDisjoint(with: DefaultSandbox.seccompBlacklist))
        #expect(white.isDisjoint(with: DefaultSandbox.answeredWithENOSYS))
        #expect(white.isSuperset(of: DefaultSandbox.alwaysAllowed))
        #expect(white.isSuperset(of: DefaultSandbox.armWhitelist))
    }

    @Test func `groups stand for their names`() {
        #expect(SystemCallGroup.resolve(["a", "@systemd/raw-io", "@x", "@y/z"]) != .all)
        #expect(SystemCallGroup.resolve(["@appc.io/empty"]) == .names([]))
        #expect(SystemCallGroup.resolve(["a", "@appc.io/all"]) == .all)
        #expect(SystemCallGroup.resolve(["@rkt/default-blacklist"]) == .names(Set(DefaultSandbox.seccompBlacklist)))
    }
}
