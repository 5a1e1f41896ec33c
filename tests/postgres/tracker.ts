/** The example schema as an IR, by hand. */
import type { Predicate, Schema } from '../../generator/model.js'
import { all, always, among, any, compare, eq, field, index, lit, model, one, param, ref, schema, scope, some, sub } from './ir.js'

const readProject: Predicate = any(eq('ownerId', sub), some('Member', 'projectId', eq('userId', sub)))
const updateProject: Predicate = some('Member', 'projectId', all(eq('userId', sub), among('role', [lit('owner'), lit('editor')])))

const uuidParam = (name: string) => ({ name, type: { kind: 'uuid' } as const, nullable: false })

export const tracker: Schema = {
  ...schema(
    [
      model('User', [field('name', 'string'), field('email', 'string', { unique: true }), field('passwordHash', 'string', { nullable: true, serverOnly: true })], {
        indexes: [index('users_email_key', ['email'], { unique: true })],
        access: { read: any(eq('id', sub), some('Member', 'userId', one('project', 'Project', readProject))), create: always, delete: always },
      }),
      model(
        'Project',
        [
          field('title', { kind: 'string', max: 120, pattern: null }),
          ref('owner', 'User', { onDelete: 'restrict', immutable: true }),
          field('budget', 'decimal', { nullable: true }),
          field('settings', 'json', { default: { value: {} } }),
        ],
        {
          indexes: [index('projects_owner_id_idx', ['ownerId'], { derived: true })],
          access: { read: readProject, create: eq('ownerId', sub), update: updateProject, delete: eq('ownerId', sub) },
        },
      ),
      model('Member', [ref('project', 'Project', { immutable: true }), ref('user', 'User', { immutable: true }), field('role', { kind: 'enum', enum: 'Role' }, { default: { value: 'viewer' } })], {
        indexes: [index('members_project_id_user_id_key', ['projectId', 'userId'], { unique: true }), index('members_user_id_idx', ['userId'], { derived: true })],
        access: { read: one('project', 'Project', readProject) },
      }),
      model(
        'Task',
        [
          ref('project', 'Project', { immutable: true }),
          ref('assignee', 'User', { nullable: true, onDelete: 'setNull' }),
          field('title', 'string'),
          field('state', { kind: 'enum', enum: 'TaskState' }, { default: { value: 'todo' } }),
          field('position', 'string'),
          field('dueAt', 'timestamp', { nullable: true }),
          field('estimate', { kind: 'decimal', precision: 6, scale: 2 }, { nullable: true }),
          field('votes', 'int', { default: { value: 0 }, conflict: 'counter' }),
        ],
        {
          indexes: [
            index('tasks_project_id_state_position_idx', ['projectId', 'state', 'position']),
            index('tasks_assignee_id_idx', ['assigneeId'], { where: compare('state', 'ne', lit('done')) }),
          ],
          access: { read: one('project', 'Project', readProject), update: one('project', 'Project', updateProject) },
        },
      ),
      model('Label', [ref('project', 'Project', { immutable: true }), field('name', 'string'), field('color', { kind: 'string', max: null, pattern: '^#[0-9a-f]{6}$' }, { default: { value: '#888888' } })], {
        indexes: [index('labels_project_id_name_key', ['projectId', 'name'], { unique: true })],
        access: { read: one('project', 'Project', readProject) },
      }),
      model('TaskLabel', [ref('task', 'Task', { immutable: true }), ref('label', 'Label', { immutable: true })], {
        indexes: [index('task_labels_task_id_label_id_key', ['taskId', 'labelId'], { unique: true }), index('task_labels_label_id_idx', ['labelId'], { derived: true })],
        access: { read: one('task', 'Task', one('project', 'Project', readProject)) },
      }),
    ],
    [
      scope('home', {
        Project: readProject,
        Member: eq('userId', sub),
        Task: all(eq('assigneeId', sub), compare('state', 'ne', lit('done'))),
      }),
      scope(
        'board',
        {
          Project: eq('id', param('projectId')),
          Member: eq('projectId', param('projectId')),
          User: some('Member', 'userId', eq('projectId', param('projectId'))),
          Task: eq('projectId', param('projectId')),
          Label: eq('projectId', param('projectId')),
          TaskLabel: one('task', 'Task', eq('projectId', param('projectId'))),
        },
        [uuidParam('projectId')],
      ),
    ],
    {
      claims: [
        { name: 'sub', type: { kind: 'uuid' }, nullable: false },
        { name: 'admin', type: { kind: 'boolean' }, nullable: true },
      ],
      enums: [
        { name: 'Role', values: ['owner', 'editor', 'viewer'].map((name) => ({ name, was: null })), doc: null },
        { name: 'TaskState', values: ['todo', 'doing', 'done'].map((name) => ({ name, was: null })), doc: null },
      ],
    },
  ),
  name: 'tracker',
}

