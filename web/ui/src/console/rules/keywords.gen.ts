/** The keywords of rule files: made of engine/lang/keywords.py by `python -m tests.house.reference`. */
export const KEYWORDS: Record<string, readonly string[]> = {
  item: ['define', 'stage', 'words', 'rule', '定义', '定義', '規則', '规则', '詞表', '词表', '阶段', '階段'],
  part: ['then', 'when', 'on', '于', '则', '則', '当', '於', '當'],
  logic: ['and', 'not', 'or', '且', '或', '非'],
  value: ['empty', 'false', 'true', 'now', '现在', '現在', '空值', '假', '真'],
  test: ['contains', 'changed', 'matches', 'starts', 'ends', 'only', 'all', 'any', 'has', '已变更', '已變更', 'in', 'is', '任一', '包含', '只有', '属于', '屬於', '带有', '帶有', '开头', '所有', '符合', '結尾', '结尾', '開頭', '为', '為'],
  action: ['answer', 'assign', 'cancel', 'notify', 'reject', 'remove', 'block', 'lower', 'raise', 'reply', 'route', 'start', 'flag', 'mask', 'move', 'note', 'open', 'stop', '自动答复', '自動答覆', 'add', 'ask', 'set', 'do', '停止', '備註', '分派', '加上', '取消', '启动', '啟動', '回复', '回覆', '執行', '备注', '封鎖', '封锁', '开立', '执行', '拒收', '指派', '提高', '有值', '标记', '標記', '移除', '設定', '设定', '通知', '遮蔽', '邀請', '邀请', '開立', '降低', '移'],
  header: ['priority', 'allow', 'limit', 'owner', 'until', 'from', '优先级', '優先級', '負責人', '负责人', '上限', '來自', '容許', '容许', '来自', '自', '至'],
  other: ['followers', 'mentioned', 'recipient', 'business', 'reassign', 'template', 'member', 'rating', 'after', 'agent', 'every', 'exact', 'hours', 'skill', 'timer', 'each', 'once', 'role', 'team', 'with', '被提及者', 'for', 'per', 'tag', 'via', '关注者', '工作天', '收件人', '計時器', '计时器', '關注者', 'as', 'at', 'by', 'to', '一次', '为期', '会员', '具備', '具备', '团队', '團隊', '客服', '工时', '工時', '延后', '延後', '技能', '改派', '时段', '時段', '會員', '标签', '標籤', '每个', '每個', '每逢', '每隔', '為期', '範本', '精确', '精確', '經由', '经由', '范本', '角色', '評分', '评分', '以', '依', '到', '在', '对', '對', '成', '是', '每', '满', '滿', '給', '给'],
}
