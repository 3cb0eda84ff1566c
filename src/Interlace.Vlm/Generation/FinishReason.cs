namespace Interlace.Vlm.Generation;

/// <summary>Why an answer ended.</summary>
public enum FinishReason { Stop, Length }
