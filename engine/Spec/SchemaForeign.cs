using static Engine.Spec.Shape;
using static Engine.Spec.SchemaTypes;

namespace Engine.Spec;

/// <summary>Sections for other platforms: a document for them is a good document, though not one to run here.</summary>
internal static class SchemaForeign
{
    private static readonly Shape SharingMode = OneOf("disable", "new", "inherit");
    private static readonly Shape SharingModeNoDisable = OneOf("new", "inherit");

    public static readonly Shape FreeBsd = Object(
        new("devices", ListOf(Object(new("path", Text), new("mode", Permissions)))),
        new("jail", Object(
            new("parent", Text),
            new("host", SharingModeNoDisable),
            new("ip4", SharingMode),
            new("ip4Addr", Texts),
            new("ip6", SharingMode),
            new("ip6Addr", Texts),
            new("vnet", SharingModeNoDisable),
            new("interface", Text),
            new("vnetInterfaces", Texts),
            new("sysvmsg", SharingMode),
            new("sysvsem", SharingMode),
            new("sysvshm", SharingMode),
            new("enforceStatfs", U8),
            new("allow", Object(
                new("setHostname", Switch),
                new("rawSockets", Switch),
                new("chflags", Switch),
                new("mount", Texts),
                new("quotas", Switch),
                new("socketAf", Switch),
                new("mlock", Switch),
                new("reservedPorts", Switch),
                new("suser", Switch))))));

    public static readonly Shape Zos = Object(new Property("namespaces", ListOf(Object(
        new("type", OneOf("mount", "pid", "uts", "ipc"), Required: true),
        new("path", Text)))));

    public static readonly Shape Solaris = Object(
        new("milestone", Text),
        new("limitpriv", Text),
        new("maxShmMemory", Text),
        new("cappedCPU", Object(new Property("ncpus", Text))),
        new("cappedMemory", Object(new("physical", Text), new("swap", Text))),
        new("anet", ListOf(Object(
            new("linkname", Text),
            new("lowerLink", Text),
            new("allowedAddress", Text),
            new("configureAllowedAddress", Text),
            new("defrouter", Text),
            new("macAddress", Text),
            new("linkProtection", Text)))));

    public static readonly Shape Vm = Object(
        new("hypervisor", Object(new("path", Text, Required: true), new("parameters", Texts))),
        new("kernel", Object(new("path", Text, Required: true), new("parameters", Texts), new("initrd", Text)), Required: true),
        new("image", Object(
            new("path", Text, Required: true),
            new("format", OneOf("raw", "qcow2", "vdi", "vmdk", "vhd"), Required: true))),
        new("hwConfig", Object(
            new("deviceTree", Text),
            new("vcpus", U32),
            new("memory", U64),
            new("dtdevs", Texts),
            new("iomems", ListOf(Object(
                new("firstGFN", U64),
                new("firstMFN", U64, Required: true),
                new("nrMFNs", U64, Required: true)))),
            new("irqs", ListOf(U32)))));

    private static readonly Shape WindowsResources = Object(
        new("memory", Object(new Property("limit", U64))),
        new("cpu", Object(
            new("count", U64),
            new("shares", U16),
            new("maximum", U16),
            new("affinity", Object(new("mask", U64), new("group", U32))))),
        new("storage", Object(new("iops", U64), new("bps", U64), new("sandboxSize", U64))));

    public static readonly Shape Windows = Object(
        new("layerFolders", ListOf(Text, minItems: 1), Required: true),
        new("devices", ListOf(Object(new("id", Text, Required: true), new("idType", OneOf("class"), Required: true)))),
        new("resources", WindowsResources),
        new("network", Object(
            new("endpointList", Texts),
            new("allowUnqualifiedDNSQuery", Switch),
            new("DNSSearchList", Texts),
            new("networkSharedContainerName", Text),
            new("networkNamespace", Text))),
        new("credentialSpec", Object()),
        new("servicing", Switch),
        new("ignoreFlushesDuringBoot", Switch),
        new("hyperv", Object(new Property("utilityVMPath", Text))));
}
