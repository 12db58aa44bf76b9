namespace Engine.Tests.Security.Entries;

/// <summary>A way, or an invariant, that a test of another suite proves.</summary>
internal sealed record Reference(string Id, string Cves, string What, string File, string Test)
{
    /// <summary>Whether the test is still there.</summary>
    public bool Holds => System.IO.File.Exists(Path.Combine(Installation.SourceRoot, File)) &&
        System.IO.File.ReadAllText(Path.Combine(Installation.SourceRoot, File)).Contains($" {Test}(", StringComparison.Ordinal);
}

/// <summary>What is proved in other suites, and what does not apply.</summary>
internal static class Elsewhere
{
    private const string Privileges = "tests/Integration/Privileges/", Starter = "tests/Integration/Starter/", Pump = "tests/Integration/Pump/", Lifecycle = "tests/Integration/Lifecycle/",
        Robustness = "tests/Integration/Robustness/", Bounds = "tests/Integration/Bounds/", Runc = "tests/Integration/Runc/", Setuid = "tests/Integration/Setuid/";

    public static IReadOnlyList<Reference> Proved { get; } =
    [
        new("G02", "CVE-2022-1708 CVE-2022-31030", "output without newlines is bounded in memory and cut in the log", Pump + "PumpFormatTests.cs", "A_line_of_a_mebibyte_and_more_is_logged_whole"),
        new("G03", "CVE-2025-64329", "sessions leave no descriptor behind", Pump + "PumpAttachTests.cs", "A_thousand_sessions_leave_no_descriptor_behind"),
        new("G04", "", "a client that does not read never stalls the payload", Pump + "PumpFlowTests.cs", "A_stalled_client_never_stalls_the_payload"),
        new("G07", "CVE-2021-43784", "lengths of every field at their limits and beyond", "tests/Rpc/LimitTests.cs", "Texts_end_at_their_limit"),
        new("G08", "", "no text of the payload's forges a log record", Pump + "PumpFormatTests.cs", "No_text_forges_a_record"),
        new("G09", "", "of sd_notify only readiness is passed on", Runc + "RuncLifecycleTests.cs", "Readiness_reaches_the_manager_and_no_other_word_does"),
        new("A12", "", "/etc/passwd and /etc/group in every bad form, also for exec --user", Bounds + "HostileFilesTests.cs", "Nothing_hangs_or_leads_out_and_what_is_no_entry_is_none"),
        new("G01", "", "another user who gets hold of a socket is told no", Privileges + "OtherUserTests.cs", "Another_user_who_reaches_the_control_socket_is_told_no_and_nothing_is_done"),
        new("X08", "", "of concurrent commands on one id exactly one wins", Lifecycle + "RaceTests.cs", "Of_concurrent_starts_exactly_one_wins"),
        new("I01", "", "no process with a runtime has privilege", Privileges + "MasterAndPumpTests.cs", "No_process_with_a_runtime_has_privilege"),
        new("I02", "", "static, position-independent, no interpreter, read-only relocations, no writable code", "tests/Abi/BinaryTests.cs", "A_freestanding_program_is_hardened"),
        new("I07", "", "one thread", Starter + "SupervisorTests.cs", "Master_and_pump_have_no_privilege_and_the_supervisor_inherits_nothing"),
        new("I10", "", "identity is read back after each change", Starter + "CredentialTests.cs", "A_change_that_did_not_happen_ends_the_start"),
        new("I11", "", "the starter cannot be traced", Privileges + "StageTests.cs", "The_starter_cannot_be_traced_by_its_own_kind"),
        new("I13", "", "malformed input is answered", "tests/Fuzz/FuzzTests.cs", "Any_bytes_are_answered"),
        new("I14", "", "the container server's socket is closed before the payload is started", Privileges + "StageTests.cs", "The_waiting_stage_holds_its_streams_the_link_and_nothing_of_the_host"),
        new("I15", "", "what the payload's first instruction sees", Privileges + "PayloadTests.cs", "It_has_three_descriptors_and_no_signal_state"),
        new("I27", "", "no abstract socket, none that others reach", Privileges + "StageTests.cs", "No_socket_has_an_abstract_name"),
        new("D05", "CVE-2018-7169 CVE-2014-8989", "with one id of his own an ordinary user's payload sets no groups", "tests/Integration/Rootless/IdMapTests.cs", "Nobody_in_it_sets_groups"),
        new("X09", "", "the caller, and so a payload that is no more than he, can end what works for him, and trace none of it", Setuid + "CallerTests.cs", "He_can_end_a_waiting_stage_and_cannot_trace_it"),
        new("I28", "", "a creation that its caller stops and kills at any moment leaves nothing", Setuid + "CallerTests.cs", "A_creation_that_he_stops_and_kills_leaves_nothing"),
        new("I40", "", "the set-uid starter is a file of its own, and installed closed: its bit last, allow_setuid = no", Setuid + "InstallTests.cs", "The_bit_is_set_last_and_nobody_may_use_it_yet"),
        new("I33", "", "any bytes on the attach socket end one connection", Pump + "PumpAttachTests.cs", "A_broken_frame_ends_its_connection_only"),
        new("I34", "", "a master that dies costs the payload nothing", Robustness + "ReplacementTests.cs", "A_killed_master_comes_back_for_the_next_client"),
        new("I35", "", "no container has the ids of another", Privileges + "MasterAndPumpTests.cs", "No_container_has_the_ids_of_another"),
        new("I42", "", "size of the starter", "tests/Abi/BinaryTests.cs", "The_starter_stays_below_200_KiB"),
    ];

    /// <summary>Id and reason.</summary>
    public static IReadOnlyList<(string Id, string Why)> NotApplicable { get; } =
    [
        ("C02", "shown by C01: in a user namespace the joining process is not dumpable and has mapped ids before anything else; the window of the id maps is the supervisor's alone"),
        ("E02", "whether root of a user namespace may set release_agent is the kernel's to say; with CAP_SYS_ADMIN and no user namespace the config has given the host away"),
        ("S07", "shown by S05: what a workflow has no use for is refused by a rule"),
        ("S10", "shown by I05, and by tests/Faults for every call in every workflow"),
        ("S11", "shown by S06; no loop device: I04 shows that mount(2) is not there"),
        ("S12", "the master never has a privilege to drop: I01"),
        ("S17", "nothing is authorised by text of mountinfo; names that look like it are A10's"),
        ("X05, X06, X07", "FUSE, NFS and autofs: this machine has none of them; every wait for a caller's file system is killable"),
        ("I12", "docs/decisions/0007: no seccomp list for the supervisor"),
        ("I20, I38", "shown by S03, H56 and S14: root's rights for files are for paths that no user can change, and no error says what is there"),
        ("I39", "the columns root, userns and rootless have a starter without the bit"),
        ("I23, I31, I32", "not mechanical here: recorded sessions, hooks and memory of the master are tests/Integration's"),
    ];
}
