using System.Runtime.CompilerServices;

namespace Interlace.Tests;

/// <summary>Tests run side by side on models of a few thousand weights: one engine thread each is fastest.</summary>
internal static class EngineThreads
{
    [ModuleInitializer]
    internal static void UseOne()
    {
        Interlace.Vlm.Engine.NativeSettings.Apply();
        TorchSharp.torch.set_num_threads(1);
    }
}
