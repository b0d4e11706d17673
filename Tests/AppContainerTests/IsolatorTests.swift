import AppContainer
import JSON
import Testing

@Suite struct IsolatorTests {
    @Test(arguments: [
        #"{"name":"resource/memory","value":{"request":"1G","limit":"2Gi"}}"#,
        #"{"name":"resource/memory","value":{"default":false,"limit":"2Gi"}}"#,
        #"{"name":"resource/cpu","value":{"request":"100m","limit":"1.5"}}"#,
        #"{"name":"resource/block-bandwidth","value":{"default":true,"limit":"2M"}}"#,
        #"{"name":"resource/block-iops","value":{"default":true,"limit":"1000"}}"#,
        #"{"name":"resource/network-bandwidth","value":{"default":true,"limit":"1G"}}"#,
        #"{"name":"os/linux/capabilities-retain-set","value":{"set":["CAP_KILL","CAP_CHOWN"]}}"#,
        #"{"name":"os/linux/capabilities-remove-set","value":{"set":["CAP_SYS_PTRACE"]}}"#,
        #"{"name":"os/linux/seccomp-retain-set","value":{"set":["read"],"errno":"EPERM"}}"#,
        #"{"name":"os/linux/seccomp-remove-set","value":{"set":["@docker/default-blacklist"]}}"#,
        #"{"name":"os/linux/no-new-privileges","value":true}"#,
        #"{"name":"os/linux/oom-score-adj","value":-1000}"#,
        #"{"name":"os/linux/cpu-shares","value":2}"#,
        #"{"name":"os/linux/selinux-context","value":{"user":"u","role":"r","type":"t","level":"s0"}}"#,
        #"{"name":"os/unix/sysctl","value":{"net.core.somaxconn":"512"}}"#,
        #"{"name":"resource/pids","value":{"limit":"100"}}"#,
        #"{"name":"os/linux/rlimits","value":{"core":"0","nofile":"1024:4096","stack":"8388608:unlimited"}}"#,
        #"{"name":"os/linux/rlimits","value":{"core":"unlimited"},"onlyNarrows":true}"#,
        #"{"name":"os/linux/oom-score-adj","value":500,"onlyNarrows":true}"#,
        #"{"name":"os/linux/capabilities-ambient-set","value":{"set":["CAP_NET_RAW"]}}"#,
    ])
    func `isolators survive the way through`(text: String) throws {
        let json = try JSONValue(parsing: text)
        #expect(try Isolator(json: json).json == json)
    }

    @Test(arguments: [
        (#"{"name":"os/linux/apparmor-profile","value":{}}"#, "invalid isolator 'os/linux/apparmor-profile'"),
        (#"{"value":1}"#, "name: must be set"),
        (#"{"name":"resource/memory"}"#, "value: must be set"),
        (
            #"{"name":"resource/memory","value":{"default":true,"limit":"1G"}}"#,
            "value: invalid isolator: default must be false"
        ),
        (#"{"name":"resource/memory","value":{"limit":"-1"}}"#, "value.limit: quantity '-1' is negative"),
        (#"{"name":"resource/block-iops","value":{"limit":"1"}}"#, "value: invalid isolator: default must be true"),
        (
            #"{"name":"resource/block-iops","value":{"default":true,"request":"1"}}"#,
            "value: invalid isolator: request is not supported, must be empty"
        ),
        (
            #"{"name":"os/linux/capabilities-retain-set","value":{"set":[]}}"#,
            "value: invalid isolator: set must be non-empty"
        ),
        (
            #"{"name":"os/linux/seccomp-retain-set","value":{"set":["read"],"errno":"perm"}}"#,
            "value: invalid isolator: errno 'perm' is no name of an error"
        ),
        (
            #"{"name":"os/linux/oom-score-adj","value":1001}"#,
            "value: invalid isolator: 1001 is not in the range -1000 to 1000"
        ),
        (
            #"{"name":"os/linux/cpu-shares","value":1}"#,
            "value: invalid isolator: 1 is not in the range 2 to 262144"
        ),
        (#"{"name":"os/linux/no-new-privileges","value":"yes"}"#, "value: must be a boolean, not a string"),
        (#"{"name":"os/unix/sysctl","value":{"a":1}}"#, "value.a: must be a string, not a number"),
        (
            #"{"name":"resource/pids","value":{"default":true,"limit":"1"}}"#,
            "value: invalid isolator: default must be false"
        ),
        (
            #"{"name":"os/linux/rlimits","value":{"nofile":"4096:1024"}}"#,
            "value.nofile: the soft limit 4096 of rlimit nofile is above its hard limit 1024"
        ),
        (
            #"{"name":"os/linux/rlimits","value":{"nofile":"many"}}"#,
            "value.nofile: 'many' is no rlimit such as nofile=1024, nofile=1024:4096 or core=unlimited"
        ),
        (
            #"{"name":"os/linux/rlimits","value":{"files":"1"}}"#,
            "value.files: unknown rlimit 'files'; there are as, core, cpu, data, fsize, locks, memlock, msgqueue, nice, "
                + "nofile, nproc, rss, rtprio, rttime, sigpending, stack"
        ),
    ])
    func `invalid isolators say what is wrong`(text: String, message: String) throws {
        let json = try JSONValue(parsing: text)
        let error = #expect(throws: JSONFieldError.self) { try Isolator(json: json) }
        #expect(error?.description == message)
    }

    @Test func `some isolators may stand only once`() throws {
        let errors: [(error: ManifestError?, isolators: [Isolator])] = [
            (
                nil,
                [.noNewPrivileges(true), .noNewPrivileges(false), .memory(ResourceLimits()), .memory(ResourceLimits())]
            ),
            (.tooManyIsolators("os/linux/cpu-shares"), [.cpuShares(2), .cpuShares(3)]),
            (.tooManyIsolators("os/linux/oom-score-adj"), [.oomScoreAdjust(2), .oomScoreAdjust(3)]),
            (.tooManyIsolators("os/linux/oom-score-adj"), [.oomScoreAdjust(2), .oomScoreAtLeast(3)]),
            (nil, [.processLimits([]), .processLimitsAtMost([])]),
            (
                .tooManyIsolators("os/linux/seccomp-retain-set"),
                try [.seccompRetain(SeccompSet(["a"])), .seccompRetain(SeccompSet(["b"]))]
            ),
            (
                .incompatibleIsolators,
                try [.seccompRemove(SeccompSet(["a"])), .seccompRetain(SeccompSet(["b"]))]
            ),
        ]
        for (expected, isolators) in errors {
            var error: ManifestError?
            do { try Isolator.check(isolators) } catch let thrown { error = thrown }
            #expect(error == expected)
        }
    }
}
